// SPDX-License-Identifier: Apache-2.0

/// Writes the numbers of the stored form.
struct ByteWriter {
  private(set) var bytes: ContiguousArray<UInt8> = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func run(_ values: some Collection<UInt8>) { bytes.append(contentsOf: values) }

  /// An unsigned number as LEB128.
  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func number(_ value: UInt32) { number(UInt64(value)) }

  mutating func count(_ value: Int) { number(UInt64(value)) }

  /// A signed number: 0, -1, 1, -2, … become 0, 1, 2, 3, ….
  mutating func signed(_ value: Int64) {
    number(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  mutating func handle<Row>(_ id: Handle<Row>) { number(UInt64(id.index)) }

  /// A handle by its distance back from `base`.
  mutating func handle<Row>(_ id: Handle<Row>, from base: Int) {
    signed(Int64(base) - Int64(id.index))
  }

  /// A run of rows by the distance of its start from `expected`, which becomes its end.
  mutating func slice(_ slice: Slice, after expected: inout Int) {
    signed(Int64(slice.start) - Int64(expected))
    number(slice.count)
    expected = slice.indices.upperBound
  }

  mutating func fixed(_ value: UInt32) { appendLittleEndian(UInt64(value), count: 4) }

  mutating func fixed(_ value: UInt64) { appendLittleEndian(value, count: 8) }

  private mutating func appendLittleEndian(_ value: UInt64, count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  mutating func string(_ value: String) {
    var value = value
    value.makeContiguousUTF8()
    count(value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }

  /// Overwrites a fixed-width number.
  mutating func patch(_ value: UInt64, at position: Int) {
    for index in 0..<8 {
      bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}

/// Reads the numbers of the stored form; whatever the bytes are, it ends in a value or an error.
struct ByteReader {
  private let bytes: ContiguousArray<UInt8>
  private var position: Int
  private var end: Int
  /// The section that is being read, for errors.
  private var section: ModuleSection

  /// Reads the bytes of a section.
  init(_ bytes: ContiguousArray<UInt8>, _ range: Range<Int>, section: ModuleSection) {
    self.bytes = bytes
    position = range.lowerBound
    end = min(range.upperBound, bytes.count)
    self.section = section
  }

  /// The bytes that are left.
  var remaining: Int { end - position }

  func failure(_ flaw: ModuleFlaw) -> ModuleFormatError { .malformed(section, flaw) }

  func require(_ condition: Bool, _ flaw: ModuleFlaw = .rule) throws(ModuleFormatError) {
    if !condition { throw failure(flaw) }
  }

  func finish() throws(ModuleFormatError) { try require(position == end, .endsLate) }

  mutating func byte() throws(ModuleFormatError) -> UInt8 {
    guard position < end else { throw failure(.endsEarly) }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func flag() throws(ModuleFormatError) -> Bool {
    let value = try byte()
    try require(value <= 1, .number)
    return value == 1
  }

  mutating func tag<Tag: RawRepresentable<UInt8>>() throws(ModuleFormatError) -> Tag {
    guard let tag = Tag(rawValue: try byte()) else { throw failure(.tag) }
    return tag
  }

  mutating func number() throws(ModuleFormatError) -> UInt64 {
    var byte = try byte()
    if byte < 0x80 { return UInt64(byte) }
    var value = UInt64(byte & 0x7F)
    var shift: UInt64 = 7
    repeat {
      byte = try self.byte()
      // The tenth byte holds the last bit. A zero at the end would be a second form of a number.
      if byte == 0 || shift == 63 && byte > 1 { throw failure(.number) }
      value |= UInt64(byte & 0x7F) << shift
      shift += 7
    } while byte >= 0x80
    return value
  }

  mutating func number<Value: FixedWidthInteger>(
    as type: Value.Type
  ) throws(ModuleFormatError) -> Value {
    guard let value = Value(exactly: try number()) else { throw failure(.number) }
    return value
  }

  mutating func signed() throws(ModuleFormatError) -> Int64 {
    let value = try number()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  mutating func signed<Value: FixedWidthInteger>(
    as type: Value.Type
  ) throws(ModuleFormatError) -> Value {
    guard let value = Value(exactly: try signed()) else { throw failure(.number) }
    return value
  }

  /// The number of rows that follow, each of at least one byte.
  mutating func count() throws(ModuleFormatError) -> Int {
    let value = try number()
    guard value <= UInt64(remaining) else { throw failure(.count) }
    return Int(value)
  }

  mutating func handle<Row>(below count: Int) throws(ModuleFormatError) -> Handle<Row> {
    let value = try number()
    guard value < UInt64(count) else { throw failure(.handle) }
    return Handle(index: UInt32(truncatingIfNeeded: value))
  }

  mutating func handle<Row>(
    from base: Int, below count: Int
  ) throws(ModuleFormatError) -> Handle<Row> {
    let value = Int64(base) &- (try signed())
    guard value >= 0, value < Int64(count) else { throw failure(.handle) }
    return Handle(index: UInt32(truncatingIfNeeded: value))
  }

  mutating func slice(
    after expected: inout Int, within count: Int
  ) throws(ModuleFormatError) -> Slice {
    let start = Int64(expected) &+ (try signed())
    let length = try number()
    guard start >= 0, start <= Int64(count), length <= UInt64(Int64(count) - start) else {
      throw failure(.handle)
    }
    expected = Int(start) + Int(length)
    return Slice(start: UInt32(start), count: UInt32(length))
  }

  mutating func word() throws(ModuleFormatError) -> UInt64 {
    try require(remaining >= 8, .endsEarly)
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += 8
    return value
  }

  mutating func run(_ count: Int) throws(ModuleFormatError) -> ContiguousArray<UInt8> {
    try require(count <= remaining, .endsEarly)
    defer { position += count }
    return ContiguousArray(bytes[position..<position + count])
  }

  mutating func string() throws(ModuleFormatError) -> String {
    let count = try count()
    defer { position += count }
    guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
      throw failure(.text)
    }
    return text
  }
}
