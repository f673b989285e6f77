// SPDX-License-Identifier: Apache-2.0

// A compact form for the results that are kept: values one after the other, without the names of their
// members. The compiler writes the walk over each type (`Codable`), so that no member can be forgotten;
// only results of the very build that wrote them are read back, so that nothing has to be told apart.

import Findings

/// Why bytes are not what was expected.
struct RecordError: Error {}

/// The bytes of one record while they are written.
///
/// A class, because all containers of a record share it.
final class RecordSink {
  var bytes: ContiguousArray<UInt8> = []
  /// Texts that were written before, by their number; looked up, never listed.
  private var texts: [String: UInt64] = [:]

  /// Adds bytes after their number.
  func put(bytes more: some Collection<UInt8>) {
    put(UInt64(more.count))
    bytes.append(contentsOf: more)
  }

  /// Adds a digest; most are answers of yes or no.
  func put(_ digest: Digest) {
    if digest.high == 0, digest.low < 3 { return bytes.append(UInt8(digest.low)) }
    bytes.append(3)
    for word in [digest.high, digest.low] {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
  }

  func put(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  func put(signed number: Int64) {
    put(UInt64(bitPattern: number << 1 ^ number >> 63))
  }

  func put(wide number: Int128) {
    put(signed: Int64(truncatingIfNeeded: number >> 64))
    put(UInt64(truncatingIfNeeded: number))
  }

  func put(_ text: String) {
    if let known = texts[text] { return put(known) }
    put(0)
    texts[text] = UInt64(texts.count + 1)
    put(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
}

/// Writes values as records.
struct RecordEncoder: Encoder {
  fileprivate let sink: RecordSink
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  fileprivate init(sink: RecordSink) { self.sink = sink }

  /// The bytes of a value, the same for equal values.
  static func bytes(of value: some Encodable) -> ContiguousArray<UInt8> {
    let encoder = RecordEncoder(sink: RecordSink())
    // Nothing that is kept refuses to be written.
    guard (try? value.encode(to: encoder)) != nil else { return [] }
    return encoder.sink.bytes
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(KeyedSink<Key>(sink: sink))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer { UnkeyedSink(sink: sink) }

  func singleValueContainer() -> any SingleValueEncodingContainer { SingleSink(sink: sink) }
}

private struct KeyedSink<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let sink: RecordSink
  var codingPath: [any CodingKey] { [] }

  private func isThere<Value>(_ value: Value?) -> Value? {
    sink.bytes.append(value == nil ? 0 : 1)
    return value
  }

  func encodeNil(forKey key: Key) { sink.bytes.append(0) }
  func encode(_ value: Bool, forKey key: Key) { sink.bytes.append(value ? 1 : 0) }
  func encode(_ value: String, forKey key: Key) { sink.put(value) }
  func encode(_ value: Double, forKey key: Key) { sink.put(value.bitPattern) }
  func encode(_ value: Float, forKey key: Key) { sink.put(UInt64(value.bitPattern)) }
  func encode(_ value: Int128, forKey key: Key) { sink.put(wide: value) }
  func encode(_ value: UInt128, forKey key: Key) { sink.put(wide: Int128(bitPattern: value)) }
  func encode(_ value: Int, forKey key: Key) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int8, forKey key: Key) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int16, forKey key: Key) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int32, forKey key: Key) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int64, forKey key: Key) { sink.put(signed: Int64(value)) }
  func encode(_ value: UInt, forKey key: Key) { sink.put(UInt64(value)) }
  func encode(_ value: UInt8, forKey key: Key) { sink.put(UInt64(value)) }
  func encode(_ value: UInt16, forKey key: Key) { sink.put(UInt64(value)) }
  func encode(_ value: UInt32, forKey key: Key) { sink.put(UInt64(value)) }
  func encode(_ value: UInt64, forKey key: Key) { sink.put(UInt64(value)) }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    try value.encode(to: RecordEncoder(sink: sink))
  }

  func encodeIfPresent(_ value: Bool?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: String?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Double?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Float?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Int128?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: UInt128?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Int?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Int8?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Int16?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Int32?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: Int64?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: UInt?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: UInt8?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: UInt16?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: UInt32?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }
  func encodeIfPresent(_ value: UInt64?, forKey key: Key) {
    if let value = isThere(value) { encode(value, forKey: key) }
  }

  func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws {
    if let value = isThere(value) { try encode(value, forKey: key) }
  }

  /// The case of an enumeration; nothing else asks for it.
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    sink.put(key.stringValue)
    return KeyedEncodingContainer(KeyedSink<Nested>(sink: sink))
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    UnkeyedSink(sink: sink)
  }

  func superEncoder() -> any Encoder { RecordEncoder(sink: sink) }
  func superEncoder(forKey key: Key) -> any Encoder { RecordEncoder(sink: sink) }
}

/// A list; its length stands before it in four bytes, which are put right with each element.
private struct UnkeyedSink: UnkeyedEncodingContainer {
  let sink: RecordSink
  private let place: Int
  private(set) var count = 0
  var codingPath: [any CodingKey] { [] }

  init(sink: RecordSink) {
    self.sink = sink
    place = sink.bytes.count
    sink.bytes.append(contentsOf: [0, 0, 0, 0])
  }

  private mutating func advance() {
    count += 1
    for index in 0..<4 {
      sink.bytes[place + index] = UInt8(truncatingIfNeeded: count >> (8 * index))
    }
  }

  mutating func encodeNil() throws { throw RecordError() }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    advance()
    try value.encode(to: RecordEncoder(sink: sink))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    advance()
    return KeyedEncodingContainer(KeyedSink<Nested>(sink: sink))
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    advance()
    return UnkeyedSink(sink: sink)
  }

  mutating func superEncoder() -> any Encoder {
    advance()
    return RecordEncoder(sink: sink)
  }
}

private struct SingleSink: SingleValueEncodingContainer {
  let sink: RecordSink
  var codingPath: [any CodingKey] { [] }

  /// Optional values stand in members only.
  func encodeNil() throws { throw RecordError() }
  func encode(_ value: Bool) { sink.bytes.append(value ? 1 : 0) }
  func encode(_ value: String) { sink.put(value) }
  func encode(_ value: Double) { sink.put(value.bitPattern) }
  func encode(_ value: Float) { sink.put(UInt64(value.bitPattern)) }
  func encode(_ value: Int128) { sink.put(wide: value) }
  func encode(_ value: UInt128) { sink.put(wide: Int128(bitPattern: value)) }
  func encode(_ value: Int) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int8) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int16) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int32) { sink.put(signed: Int64(value)) }
  func encode(_ value: Int64) { sink.put(signed: Int64(value)) }
  func encode(_ value: UInt) { sink.put(UInt64(value)) }
  func encode(_ value: UInt8) { sink.put(UInt64(value)) }
  func encode(_ value: UInt16) { sink.put(UInt64(value)) }
  func encode(_ value: UInt32) { sink.put(UInt64(value)) }
  func encode(_ value: UInt64) { sink.put(UInt64(value)) }

  func encode<Value: Encodable>(_ value: Value) throws {
    try value.encode(to: RecordEncoder(sink: sink))
  }
}

/// A dictionary whose entries are written in the order of their keys; looked up, never listed.
@propertyWrapper
struct Sorted<
  Key: Hashable & Comparable & Codable & Sendable, Value: Hashable & Codable & Sendable
>: Hashable, Codable, Sendable {
  var wrappedValue: [Key: Value]

  init(wrappedValue: [Key: Value]) { self.wrappedValue = wrappedValue }

  init(from decoder: any Decoder) throws {
    wrappedValue = [:]
    for entry in try [Entry](from: decoder) { wrappedValue[entry.key] = entry.value }
  }

  func encode(to encoder: any Encoder) throws {
    let entries = wrappedValue.map { Entry(key: $0.key, value: $0.value) }
    try entries.sorted { $0.key < $1.key }.encode(to: encoder)
  }

  private struct Entry: Codable {
    var key: Key
    var value: Value
  }
}
