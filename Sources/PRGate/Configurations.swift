// SPDX-License-Identifier: Apache-2.0

import Findings

/// A file that a build compiles several times is analysed as each of its commands reads it.
///
/// What is found is the union. A finding that not all of them show says which ones do.
enum Configurations {
  /// Configurations of a file that are analysed where the policy does not say.
  static let defaultLimit = 4

  /// The commands without those of files that have more configurations than `limit`, and a note that
  /// counts what is left out.
  ///
  /// The first ones of a file in the order of the commands stay; commands that come to the same are one
  /// configuration.
  static func limited(
    _ commands: [CompileCommand], to limit: Int?, root: String
  ) -> (commands: [CompileCommand], notes: [String]) {
    let limit = limit ?? defaultLimit
    let groups = Dictionary(grouping: commands, by: \.file).filter { $0.value.count > limit }
    guard !groups.isEmpty else { return (commands, []) }
    var kept: [String: Set<[String]>] = [:]
    var leftOut: [String: Set<[String]>] = [:]
    let rest = commands.filter { command in
      guard groups[command.file] != nil else { return true }
      let words = command.normalised
      if kept[command.file, default: []].contains(words) { return true }
      if kept[command.file, default: []].count < limit {
        kept[command.file, default: []].insert(words)
        return true
      }
      leftOut[command.file, default: []].insert(words)
      return false
    }
    let notes = leftOut.sorted { Paths.isOrderedBefore($0.key, $1.key) }.map { file, words in
      "\(Paths.relative(file, to: root)) has \(limit + words.count) configurations; the first "
        + "\(limit) are analysed (limits.configurations in .prgate.yml)"
    }
    let shown = 3
    guard notes.count > shown else { return (rest, notes) }
    let more = "\(notes.count - shown) more files have more than \(limit) configurations"
    return (rest, notes.prefix(shown) + [more])
  }

  /// The findings, each with the configurations that show it where not all of its file do.
  ///
  /// - Parameters:
  ///   - findings: what was found.
  ///   - origins: for each finding the units that show it, as indices into `units`.
  ///   - units: the units that were analysed.
  ///   - root: what paths in flags are shown relative to.
  /// - Returns: the findings in their order.
  static func label(
    _ findings: [Finding], origins: [[Int]], of units: [PreparedUnit], root: String
  ) -> [Finding] {
    let unitsByFile = Dictionary(grouping: units.indices) { units[$0].file }
    guard unitsByFile.contains(where: { $0.value.count > 1 }) else { return findings }
    var shown: [FindingPlace: Set<Int>] = [:]
    for (finding, origin) in zip(findings, origins) {
      shown[finding.place, default: []].formUnion(origin)
    }
    return findings.map { finding in
      let all = shown[finding.place, default: []]
      let files = Set(all.map { units[$0].file }).sorted(by: Paths.isOrderedBefore)
      // A header may be read by other files too: it is enough that one of them always shows it.
      let isWhole = files.contains { unitsByFile[$0, default: []].allSatisfy(all.contains) }
      guard !isWhole, let file = files.first else { return finding }
      let group = unitsByFile[file, default: []]
      var finding = finding
      finding.configurations = group.filter(all.contains).map { index in
        name(of: units[index], among: group.map { units[$0] }, root: root)
      }
      return finding
    }
  }

  /// What tells a configuration from the others of its file: flags that it has and not all others do,
  /// else those that it lacks.
  private static func name(
    of unit: PreparedUnit, among group: [PreparedUnit], root: String
  ) -> String {
    let own = unit.arguments.filter { word in
      !group.allSatisfy { $0.arguments.contains(word) }
    }
    if !own.isEmpty { return "with " + shown(own, root: root) }
    var missing: [String] = []
    for word in group.flatMap(\.arguments)
    where !unit.arguments.contains(word) && !missing.contains(word) {
      missing.append(word)
    }
    return missing.isEmpty ? "with other flags" : "without " + shown(missing, root: root)
  }

  private static func shown(_ words: [String], root: String) -> String {
    let most = 4
    let texts = words.prefix(most).map { word in
      let prefix = "-working-directory="
      let text = word.hasPrefix(prefix) ? "directory " + word.dropFirst(prefix.count) : word
      return text.replacing(root + "/", with: "")
    }
    return texts.joined(separator: " ") + (words.count > most ? " …" : "")
  }
}

extension CompileCommand {
  /// What a command comes to: its file, its directory and its flags as the parser gets them.
  var normalised: [String] {
    [file, directory] + ((try? CompilerFlags(of: self))?.arguments ?? arguments)
  }
}
