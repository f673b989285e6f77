// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// One case of the Juliet suite: files with a defect and its repairs.
struct JulietCase: Sendable {
  /// The number of the weakness that it is about.
  var cwe: Int
  /// What it does, without its variant, as its functions are called.
  var functional: String
  /// The flow variant: how the defect's value gets to its use.
  var variant: String
  /// Paths below the checkout, sorted.
  var files: [String]

  /// Its name.
  var id: String { "\(functional)_\(variant)" }

  /// Numbers of weaknesses with which a finding names its defect.
  var answers: Set<Int> {
    var numbers = JulietWeakness.answers(to: cwe)
    if functional.contains("CWE170") { numbers.formUnion([170]) }
    if functional.contains("__sizeof") || functional.contains("CWE131") { numbers.insert(467) }
    return numbers
  }

  /// Which side of the case a function belongs to; nil for those of neither.
  func isBad(_ function: String) -> Bool? {
    let part = function.replacing(functional, with: "").lowercased()
    if part.contains("bad") { return true }
    return part.contains("good") ? false : nil
  }
}

/// Which weaknesses mean the same defect.
///
/// Analysers name one mistake differently: a length that nobody checks is a tainted size and a write
/// past the end.
enum JulietWeakness {
  /// Those of memory safety in the suite's C part.
  static let memorySafety = [
    121, 122, 124, 126, 127, 134, 190, 191, 242, 401, 415, 416, 457, 467, 476, 562, 590, 665, 680,
    690, 758, 761, 789,
  ]

  /// A finding of one of these in repaired code is noise, whatever the case is about.
  static let noise = Set(memorySafety).subtracting([242]).union(bounds).union(release)
    .union(uninitialised).union(size).union([128, 170, 467, 825])

  static func answers(to cwe: Int) -> Set<Int> {
    switch cwe {
    case 121, 122, 124, 126, 127, 123: bounds
    case 190, 191: overflow
    case 194, 195: bounds.union(size).union([192, 194, 195, 196, 197, 681, 704])
    case 242: [242, 477, 676]
    case 401, 404, 773, 775: [401, 404, 772, 773, 775]
    case 415, 416: [415, 416, 672, 825]
    case 457, 758: uninitialised
    case 665: uninitialised.union(bounds).union([170])
    case 467: bounds.union([467])
    case 476: [476, 690]
    case 690: [252, 253, 273, 390, 391, 476, 690, 754]
    case 590, 761: release
    case 680: bounds.union(size).union(overflow)
    case 789: size.union(overflow)
    default: [cwe]
    }
  }

  private static let bounds: Set = [
    119, 120, 121, 122, 124, 125, 126, 127, 129, 131, 193, 785, 786, 787, 788, 805, 806, 823,
  ]
  private static let overflow: Set = [128, 190, 191, 680]
  private static let release: Set = [590, 761, 762, 763]
  private static let size: Set = [606, 770, 789, 1284]
  private static let uninitialised: Set = [456, 457, 665, 758, 824, 908, 909]
}

extension JulietCase {
  /// The C cases of some weaknesses below a checkout, sorted; those for Windows only are left out.
  static func all(of checkout: URL, weaknesses: [Int]) throws -> [JulietCase] {
    let root = checkout.appending(path: "testcases")
    var cases: [String: JulietCase] = [:]
    for folder in try FileManager.default.contentsOfDirectory(atPath: root.path) {
      guard let cwe = weaknesses.first(where: { folder.hasPrefix("CWE\($0)_") }) else { continue }
      let files = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
      for case let path as String in files ?? FileManager.DirectoryEnumerator() {
        guard let (functional, variant) = names(of: path) else { continue }
        cases[
          "\(functional)_\(variant)",
          default: JulietCase(cwe: cwe, functional: functional, variant: variant, files: [])
        ].files.append("testcases/\(folder)/\(path)")
      }
    }
    return cases.values.sorted { $0.id < $1.id }.map {
      var sorted = $0
      sorted.files.sort()
      return sorted
    }
  }

  /// `CWE121_…__CWE805_char_loop_22b.c` is part b of variant 22.
  private static func names(of path: String) -> (functional: String, variant: String)? {
    let name = URL(filePath: path).lastPathComponent
    guard !name.contains("w32"),
      let match = name.wholeMatch(of: /(CWE\d+_.+?__.+)_(\d\d)[a-e]?\.c/)
    else { return nil }
    return (String(match.1), String(match.2))
  }
}
