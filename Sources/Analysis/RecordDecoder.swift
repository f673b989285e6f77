// SPDX-License-Identifier: Apache-2.0

// The other half of `RecordEncoder`.

/// The bytes of one record while they are read.
///
/// A class, because all containers of a record share it.
final class RecordSource {
  private let bytes: ArraySlice<UInt8>
  private var next: Int
  private var texts: [String] = []

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    next = bytes.startIndex
  }

  var isAtEnd: Bool { next == bytes.endIndex }

  /// The index of what is read next.
  var position: Int { next }

  func byte() throws -> UInt8 {
    guard next < bytes.endIndex else { throw RecordError() }
    defer { next += 1 }
    return bytes[next]
  }

  func flag() throws -> Bool {
    switch try byte() {
    case 0: false
    case 1: true
    default: throw RecordError()
    }
  }

  func number() throws -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      guard shift < 64, shift < 63 || byte < 2 else { throw RecordError() }
      result |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return result }
      shift += 7
    }
  }

  func signed() throws -> Int64 {
    let number = try number()
    return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
  }

  func signed<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
    guard let number = Number(exactly: try signed()) else { throw RecordError() }
    return number
  }

  func unsigned<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
    guard let number = Number(exactly: try number()) else { throw RecordError() }
    return number
  }

  func wide() throws -> Int128 {
    let high = try signed()
    return Int128(high) << 64 | Int128(try number())
  }

  func text() throws -> String {
    let known = try number()
    if known > 0 {
      guard known <= texts.count else { throw RecordError() }
      return texts[Int(known) - 1]
    }
    let count = try number()
    guard count <= UInt64(bytes.endIndex - next) else { throw RecordError() }
    let text = String(decoding: bytes[next..<next + Int(count)], as: UTF8.self)
    next += Int(count)
    texts.append(text)
    return text
  }

  /// Bytes that `put(bytes:)` wrote.
  func slice() throws -> ArraySlice<UInt8> {
    let count = try number()
    guard count <= UInt64(bytes.endIndex - next) else { throw RecordError() }
    defer { next += Int(count) }
    return bytes[next..<next + Int(count)]
  }

  func digest() throws -> Digest {
    let tag = try byte()
    if tag < 3 { return Digest(high: 0, low: UInt64(tag)) }
    var words: (UInt64, UInt64) = (0, 0)
    for _ in 0..<8 { words.0 = words.0 << 8 | UInt64(try byte()) }
    for _ in 0..<8 { words.1 = words.1 << 8 | UInt64(try byte()) }
    return Digest(high: words.0, low: words.1)
  }

  func count() throws -> Int {
    var count = 0
    for index in 0..<4 { count |= Int(try byte()) << (8 * index) }
    return count
  }
}

/// Reads values from records.
struct RecordDecoder: Decoder {
  private let source: RecordSource
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  fileprivate init(source: RecordSource) { self.source = source }

  /// The value that the bytes hold.
  ///
  /// - Throws: an error where they hold no such value, or something behind it.
  static func value<Value: Decodable>(
    _ type: Value.Type, of bytes: ArraySlice<UInt8>
  ) throws -> Value {
    let source = RecordSource(bytes)
    let value = try Value(from: RecordDecoder(source: source))
    guard source.isAtEnd else { throw RecordError() }
    return value
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(KeyedSource<Key>(source: source))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try UnkeyedSource(source: source)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { SingleSource(source: source) }
}

private struct KeyedSource<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let source: RecordSource
  var codingPath: [any CodingKey] { [] }

  /// The case of an enumeration.
  ///
  /// Only what the compiler writes for one asks for it, and once.
  var allKeys: [Key] {
    guard let name = try? source.text(), let key = Key(stringValue: name) else { return [] }
    return [key]
  }

  func contains(_ key: Key) -> Bool { true }
  func decodeNil(forKey key: Key) throws -> Bool { try !source.flag() }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try source.flag() }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try source.text() }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
    Double(bitPattern: try source.number())
  }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
    Float(bitPattern: try source.unsigned(UInt32.self))
  }
  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try source.wide() }
  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
    UInt128(bitPattern: try source.wide())
  }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
    try source.signed(type)
  }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 {
    try source.signed(type)
  }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
    try source.signed(type)
  }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
    try source.signed(type)
  }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
    try source.signed(type)
  }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt {
    try source.unsigned(type)
  }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
    try source.unsigned(type)
  }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
    try source.unsigned(type)
  }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
    try source.unsigned(type)
  }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
    try source.unsigned(type)
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try Value(from: RecordDecoder(source: source))
  }

  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Int128.Type, forKey key: Key) throws -> Int128? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: UInt128.Type, forKey key: Key) throws -> UInt128? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
    try source.flag() ? decode(type, forKey: key) : nil
  }
  func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
    try source.flag() ? decode(type, forKey: key) : nil
  }

  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    try source.flag() ? decode(type, forKey: key) : nil
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedDecodingContainer<Nested> {
    KeyedDecodingContainer(KeyedSource<Nested>(source: source))
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try UnkeyedSource(source: source)
  }

  func superDecoder() -> any Decoder { RecordDecoder(source: source) }
  func superDecoder(forKey key: Key) -> any Decoder { RecordDecoder(source: source) }
}

private struct UnkeyedSource: UnkeyedDecodingContainer {
  let source: RecordSource
  let length: Int
  private(set) var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  /// Not told: nobody may make room for a number that nothing backs.
  var count: Int? { nil }
  var isAtEnd: Bool { currentIndex >= length }

  init(source: RecordSource) throws {
    self.source = source
    length = try source.count()
  }

  mutating func decodeNil() throws -> Bool { throw RecordError() }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    currentIndex += 1
    return try Value(from: RecordDecoder(source: source))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedDecodingContainer<Nested> {
    currentIndex += 1
    return KeyedDecodingContainer(KeyedSource<Nested>(source: source))
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    currentIndex += 1
    return try UnkeyedSource(source: source)
  }

  mutating func superDecoder() -> any Decoder {
    currentIndex += 1
    return RecordDecoder(source: source)
  }
}

private struct SingleSource: SingleValueDecodingContainer {
  let source: RecordSource
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { false }
  func decode(_ type: Bool.Type) throws -> Bool { try source.flag() }
  func decode(_ type: String.Type) throws -> String { try source.text() }
  func decode(_ type: Double.Type) throws -> Double { Double(bitPattern: try source.number()) }
  func decode(_ type: Float.Type) throws -> Float {
    Float(bitPattern: try source.unsigned(UInt32.self))
  }
  func decode(_ type: Int128.Type) throws -> Int128 { try source.wide() }
  func decode(_ type: UInt128.Type) throws -> UInt128 { UInt128(bitPattern: try source.wide()) }
  func decode(_ type: Int.Type) throws -> Int { try source.signed(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try source.signed(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try source.signed(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try source.signed(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try source.signed(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try source.unsigned(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try source.unsigned(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try source.unsigned(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try source.unsigned(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try source.unsigned(type) }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try Value(from: RecordDecoder(source: source))
  }
}
