// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Checkup {
  /// The compilation database, its freshness, its flags, and a trial.
  @Sendable func databaseAndUnits() async -> [Symptom] {
    let found =
      database.map { Paths.absolute($0, in: place.directory) }
      ?? DatabaseDiscovery.database(for: place.directory)
    guard let found else {
      return [
        .broken("database", "there is no compile_commands.json; \(recipe)")
      ]
    }
    let commands: CompilationDatabase
    do {
      commands = try CompilationDatabase(at: found)
    } catch {
      return [.broken("database", error.message)]
    }
    let units = commands.commands.filter { SourceFiles.isC($0.file) }
    let path = place.reportedPath(commands.path)
    guard !units.isEmpty else {
      return [.broken("database", "\(path) has no C file; \(recipe)")]
    }
    var symptoms = [entries(units, path), gone(units, path)].compactMap(\.self)
    symptoms += kernelEntries(commands.commands, units) + generated(units)
    symptoms += [age(of: commands.path, path), await unlisted(units, path)].compactMap(\.self)
    return symptoms + flags(of: units) + (await trial(of: units))
  }

  /// How a database is made here.
  private var recipe: String {
    KernelTree(root: place.root).recipe ?? CompilationDatabase.recipes
  }

  /// What of a kernel's database is no source of its own.
  private func kernelEntries(
    _ all: [CompileCommand], _ units: [CompileCommand]
  ) -> [Symptom] {
    guard KernelTree(root: place.root).isKernel || units.contains(where: KernelTree.isKernel)
    else { return [] }
    let assembler = all.count { $0.file.hasSuffix(".S") }
    guard assembler > 0 else { return [] }
    return [
      .fine("kernel", "\(number(assembler, "file")) of assembler, which prgate does not read")
    ]
  }

  /// What of the units programs wrote.
  private func generated(_ units: [CompileCommand]) -> [Symptom] {
    let files = Set(units.map(\.file)).filter(GeneratedSources.contains)
    guard !files.isEmpty else { return [] }
    let names = list(files.map { place.reportedPath($0) }.sorted(by: Paths.isOrderedBefore))
    return [
      .fine(
        "sources",
        "\(number(files.count, "generated file")) (\(names)): what \(files.count == 1 ? "it does" : "they do") "
          + "counts for callers, what is found there is not shown")
    ]
  }

  private func entries(_ units: [CompileCommand], _ path: String) -> Symptom {
    let files = Set(units.map(\.file)).count
    return .fine(
      "database", "\(path), \(number(units.count, "entry", "entries")) for \(number(files, "file"))"
    )
  }

  /// Entries that compile what is no longer there.
  private func gone(_ units: [CompileCommand], _ path: String) -> Symptom? {
    let gone = Set(units.map(\.file)).filter { !FileManager.default.fileExists(atPath: $0) }
    guard !gone.isEmpty else { return nil }
    let names = list(
      gone.map { Paths.relative($0, to: place.root) }.sorted(by: Paths.isOrderedBefore))
    return .broken(
      "database",
      "\(number(gone.count, "file")) of it \(gone.count == 1 ? "is" : "are") gone "
        + "(\(names)); make it anew")
  }

  /// A database that is older than the files that say how to build.
  private func age(of file: String, _ path: String) -> Symptom? {
    func time(_ file: String) -> Date? {
      let attributes = try? FileManager.default.attributesOfItem(atPath: Paths.canonical(file))
      return attributes?[.modificationDate] as? Date
    }
    guard let written = time(file) else { return nil }
    let recipes = [
      "CMakeLists.txt", "Makefile", "GNUmakefile", "meson.build", "configure", ".config",
    ]
    let newer = recipes.filter { name in
      guard let time = time(place.root + "/" + name) else { return false }
      return time > written
    }
    guard !newer.isEmpty else { return nil }
    return .remark("database", "older than \(list(newer)); make it anew if the build has changed")
  }

  /// Sources of the repository that the build does not compile, as far as the database tells.
  private func unlisted(_ units: [CompileCommand], _ path: String) async -> Symptom? {
    guard let repository = try? await GitRepository.open(around: place.directory),
      let output = try? await repository.git.output(["ls-files", "-z", "--", "*.c"])
    else { return nil }
    let listed = Set(units.map { Paths.canonical($0.file) })
    let files = output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    let missing = files.filter {
      !listed.contains(Paths.canonical(Paths.absolute($0, in: repository.root)))
    }
    guard !missing.isEmpty else { return nil }
    return .remark(
      "database",
      "\(missing.count) of \(number(files.count, "C file")) of the repository are not in it "
        + "(\(list(missing))); a change of them is INCOMPLETE")
  }

  /// What of the flags does not reach the parser.
  private func flags(of units: [CompileCommand]) -> [Symptom] {
    var dropped: [String: Int] = [:]
    var unknown: [String: Int] = [:]
    var refused: [String: String] = [:]
    for unit in units {
      do {
        let flags = try CompilerFlags(of: unit)
        for flag in flags.dropped { dropped[flag, default: 0] += 1 }
        for flag in flags.unknown { unknown[flag, default: 0] += 1 }
      } catch {
        refused[Paths.relative(unit.file, to: place.root)] = error.reason
      }
    }
    func names(_ counts: [String: Int]) -> String {
      list(
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) ×\($0.value)" })
    }
    var symptoms: [Symptom] = []
    if !dropped.isEmpty {
      symptoms.append(.fine("flags", "dropped, of another compiler: \(names(dropped))"))
    }
    if !unknown.isEmpty {
      symptoms.append(
        .remark("flags", "dropped, because prgate does not know them: \(names(unknown))"))
    }
    if let first = refused.min(by: { $0.key < $1.key }) {
      symptoms.append(
        .broken(
          "flags",
          "\(number(refused.count, "file")) will not be analysed, such as \(first.key): "
            + first.value))
    }
    return symptoms
  }

  /// Reads some units, as a run would.
  private func trial(of units: [CompileCommand]) async -> [Symptom] {
    let present = units.filter { FileManager.default.fileExists(atPath: $0.file) }
    guard probe > 0, !present.isEmpty,
      let resources = try? Toolchain.resourceDirectory()
    else { return [] }
    let count = min(probe, present.count)
    let chosen = (0..<count).map { present[$0 * present.count / count] }
    let requests = chosen.map { UnitRequest(path: place.reportedPath($0.file), command: $0) }
    let settings = DriverSettings(root: place.root, resourceDirectory: resources)
    let outcomes = await Driver.lower(requests, settings: settings)
    let failed = outcomes.filter { $0.problem != nil }
    let words =
      "\(outcomes.count - failed.count) of \(number(outcomes.count, "unit")) read without an error"
    guard let first = failed.first else {
      return [.fine("trial", count < present.count ? words + ", spread over the database" : words)]
    }
    return [
      .broken("trial", words + "; \(first.path): \(first.problem ?? "")")
    ]
  }

  private func number(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(plural ?? noun + "s")"
  }

  /// The first three, and a sign that there are more.
  private func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
  }
}
