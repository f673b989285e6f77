// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import Glibc
import IR
import Lowering

/// What it costs to store units and to read them back, beside what it costs to parse them.
///
/// Times are processor time of this process, in microseconds.
struct SerialMeasurement: Sendable {
  private(set) var units = 0
  /// Units that do not read back equal, or that libclang cannot parse, with the reason.
  private(set) var failures: [String] = []
  private var lines = 0
  private var bytes = 0
  private var bytesWithoutTexts = 0
  private var sections: [ModuleSection: Int] = [:]
  /// The lengths of the texts by the hashes of their contents.
  private var texts: [ContiguousArray<UInt8>: Int] = [:]
  private var parsing = 0
  private var lowering = 0
  private var encoding = 0
  private var decoding = 0
  private var decodingWithoutTexts = 0
  private var validating = 0

  /// Parses, lowers, stores and reads back a unit.
  mutating func add(path: String, arguments: [String], root: String) {
    units += 1
    do {
      parsing += try time { _ = try TranslationUnit(path: path, arguments: arguments) }.cost
      let lowered = try time {
        try lower(path: path, arguments: arguments, options: LoweringOptions(root: root))
      }
      lowering += lowered.cost
      try measure(lowered.value.module, path: path)
    } catch {
      failures.append("\(path): \(error)")
    }
  }

  private mutating func measure(_ module: Module, path: String) throws {
    lines += module.files[module.mainFile].lineStarts.count - 1
    let whole = time { module.encoded() }
    encoding += whole.cost
    bytes += whole.value.count
    let decoded = try time { try Module(decoding: whole.value) }
    decoding += decoded.cost
    if decoded.value != module || decoded.value.encoded() != whole.value {
      failures.append("\(path): reads back different")
    }
    for (section, size) in try Module.sectionSizes(of: whole.value) {
      sections[section, default: 0] += size
    }
    let bare = module.encoded(includesTexts: false)
    bytesWithoutTexts += bare.count
    var known: [ContiguousArray<UInt8>: ContiguousArray<UInt8>] = [:]
    for file in module.files.rows {
      known[file.contentHash] = file.text
      texts[file.contentHash] = max(texts[file.contentHash] ?? 0, file.text.count)
    }
    let joined = try time { try Module(decoding: bare) { known[$0.contentHash] } }
    decodingWithoutTexts += joined.cost
    if joined.value != module { failures.append("\(path): reads back different without texts") }
    validating += time { _ = module.validate() }.cost
  }

  private func time<Value>(_ work: () throws -> Value) rethrows -> (value: Value, cost: Int) {
    let start = clock()
    let value = try work()
    return (value, clock() - start)
  }

  /// The figures, one to a line.
  var report: String {
    let distinct = texts.values.reduce(0, +)
    var result = """
      units                          \(units)
      lines of their main files      \(lines)
      not equal or not parsed        \(failures.count)
      bytes                          \(perLine(bytes))
      bytes without texts            \(perLine(bytesWithoutTexts))
      distinct texts                 \(perLine(distinct))
      parse                          \(milliseconds(parsing))
      parse and lower                \(milliseconds(lowering))
      encode                         \(milliseconds(encoding))
      decode                         \(milliseconds(decoding))
      decode without texts           \(milliseconds(decodingWithoutTexts))
      validate                       \(milliseconds(validating))

      """
    for section in ModuleSection.allCases {
      let name = "section \(section)".padding(toLength: 31, withPad: " ", startingAt: 0)
      result += name + perLine(sections[section] ?? 0) + "\n"
    }
    return result
  }

  private func perLine(_ count: Int) -> String {
    "\(count) (\(count * 1000 / max(lines, 1)) per 1000 lines)"
  }

  private func milliseconds(_ cost: Int) -> String {
    "\(cost / 1000) ms (\(cost / max(units, 1)) us per unit)"
  }
}
