// SPDX-License-Identifier: Apache-2.0

// The files that a program sees: a few names with their bytes, held in memory. Nothing that an
// interpreted program does reaches the files of the machine.

/// The number of an error, as Linux has it.
enum ErrorNumber: Int32 {
  case noEntry = 2
  case badDescriptor = 9
  case exists = 17
  case invalid = 22
  case notTerminal = 25
  case illegalSeek = 29
  case range = 34
}

/// How a file is opened.
struct OpenMode: OptionSet {
  let rawValue: UInt8

  static let read = OpenMode(rawValue: 1)
  static let write = OpenMode(rawValue: 2)
  static let append = OpenMode(rawValue: 4)
  static let create = OpenMode(rawValue: 8)
  static let exclusive = OpenMode(rawValue: 16)
  static let truncate = OpenMode(rawValue: 32)
}

/// Files by name, and those that are open by descriptor.
struct FileSystem {
  /// An open file, with what a stream on it remembers.
  struct OpenFile {
    /// What it leads to; a negative number is standard output or standard error.
    var node: Int
    var mode: OpenMode
    var position = 0
    /// The byte that `ungetc` gave back.
    var pushedBack: UInt8?
    var isAtEnd = false
    var hasFailed = false
  }

  static let standardOutput = -1
  static let standardError = -2

  private var nodes: ContiguousArray<ContiguousArray<UInt8>>
  private var names: [String: Int] = [:]
  private var open: ContiguousArray<OpenFile?>

  /// Makes a system of files in which descriptor 0 reads `input`, a file without a name.
  init(_ files: [String: ContiguousArray<UInt8>], input: ContiguousArray<UInt8>) {
    nodes = [input]
    open = [
      OpenFile(node: 0, mode: .read), OpenFile(node: Self.standardOutput, mode: .write),
      OpenFile(node: Self.standardError, mode: .write),
    ]
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
      names[name] = nodes.count
      nodes.append(bytes)
    }
  }

  /// All files by name.
  var files: [String: ContiguousArray<UInt8>] { names.mapValues { nodes[$0] } }

  // MARK: Names

  /// The path without leading `./`.
  static func normal(_ path: String) -> String {
    var path = Substring(path)
    while path.hasPrefix("./") { path = path.dropFirst(2).drop { $0 == "/" } }
    return String(path)
  }

  /// The size of a file.
  func size(_ path: String) throws(Stop) -> Int {
    guard let node = names[path] else { throw Stop.file(.noEntry) }
    return nodes[node].count
  }

  mutating func remove(_ path: String) throws(Stop) {
    guard names.removeValue(forKey: path) != nil else { throw Stop.file(.noEntry) }
  }

  mutating func rename(_ old: String, to new: String) throws(Stop) {
    guard let node = names.removeValue(forKey: old) else { throw Stop.file(.noEntry) }
    names[new] = node
  }

  // MARK: Descriptors

  mutating func open(_ path: String, _ mode: OpenMode) throws(Stop) -> UInt32 {
    var node = names[path]
    if node != nil, mode.isSuperset(of: [.create, .exclusive]) { throw Stop.file(.exists) }
    if node == nil, mode.contains(.create), !path.isEmpty {
      node = nodes.count
      names[path] = nodes.count
      nodes.append([])
    }
    guard let node else { throw Stop.file(.noEntry) }
    if mode.contains(.truncate) { nodes[node] = [] }
    let file = OpenFile(node: node, mode: mode)
    let free = open.firstIndex { $0 == nil } ?? open.count
    if free == open.count { open.append(file) } else { open[free] = file }
    return UInt32(free)
  }

  mutating func close(_ descriptor: UInt32) throws(Stop) {
    _ = try self[descriptor]
    open[Int(descriptor)] = nil
  }

  /// The open file of a descriptor.
  subscript(descriptor: UInt32) -> OpenFile {
    get throws(Stop) {
      guard descriptor < open.count, let file = open[Int(descriptor)] else {
        throw Stop.file(.badDescriptor)
      }
      return file
    }
  }

  /// Changes what is remembered of an open file.
  mutating func update(_ descriptor: UInt32, _ change: (inout OpenFile) -> Void) {
    guard descriptor < open.count, var file = open[Int(descriptor)] else { return }
    change(&file)
    open[Int(descriptor)] = file
  }

  /// Reads at most `count` bytes.
  mutating func read(
    _ descriptor: UInt32, _ count: Int
  ) throws(Stop) -> ContiguousArray<UInt8> {
    let file = try self[descriptor]
    guard file.mode.contains(.read), file.node >= 0 else { throw Stop.file(.badDescriptor) }
    let bytes = nodes[file.node]
    let start = min(file.position, bytes.count)
    let end = start + min(count, bytes.count - start)
    update(descriptor) { $0.position = max(end, $0.position) }
    return ContiguousArray(bytes[start..<end])
  }

  /// Writes to a file that is neither standard output nor standard error.
  mutating func write(
    _ descriptor: UInt32, _ bytes: ContiguousArray<UInt8>
  ) throws(Stop) {
    let file = try self[descriptor]
    guard file.mode.contains(.write), file.node >= 0 else { throw Stop.file(.badDescriptor) }
    let size = nodes[file.node].count
    let start = file.mode.contains(.append) ? size : file.position
    let end = start + bytes.count
    if size < end { nodes[file.node].append(contentsOf: repeatElement(0, count: end - size)) }
    nodes[file.node].replaceSubrange(start..<end, with: bytes)
    update(descriptor) { $0.position = end }
  }

  /// Moves the position by `offset` from the start, the position or the end (`SEEK_SET` … are 0 to 2).
  mutating func seek(
    _ descriptor: UInt32, _ offset: Int64, from origin: UInt64
  ) throws(Stop) -> UInt64 {
    let file = try self[descriptor]
    guard file.node >= 0 else { throw Stop.file(.illegalSeek) }
    let bases: [UInt64: Int] = [0: 0, 1: file.position, 2: nodes[file.node].count]
    guard let base = bases[origin] else { throw Stop.file(.invalid) }
    let (target, overflow) = Int64(base).addingReportingOverflow(offset)
    guard !overflow, (0...Int64(Memory.heapLimit)).contains(target) else {
      throw Stop.file(.invalid)
    }
    update(descriptor) { file in
      file.position = Int(target)
      file.pushedBack = nil
      file.isAtEnd = false
    }
    return UInt64(target)
  }

  /// The size of an open file.
  func size(ofOpen descriptor: UInt32) throws(Stop) -> Int {
    let file = try self[descriptor]
    return file.node < 0 ? 0 : nodes[file.node].count
  }
}
