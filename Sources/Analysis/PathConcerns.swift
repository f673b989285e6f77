// SPDX-License-Identifier: Apache-2.0

// Paths of files: the memory of processes, fixed names in directories of everybody, names that were
// checked before.

import IR

extension Machine {
  /// Asks which file a call opens.
  mutating func checkOpened(
    _ path: ValueID, flags: ValueID?, _ arguments: [ValueID], at value: ValueID, _ state: State
  ) {
    checkStale(path, 0, .open, at: value, state)
    checkExternalPath(path, 0, at: value, state)
    guard let pattern = pattern(of: registers[Int(path.index)], before: value, state) else {
      if mode == .explore, mayBeMade(registers[Int(path.index)]), namesDirectories() {
        raise(.processMemory, path, 0, at: value, state)
        raise(.temporaryFile, path, 0, at: value, state)
      }
      return
    }
    let text = String(decoding: pattern, as: UTF8.self)
    if isProcessMemory(text) {
      raise(.processMemory, path, 0, at: value, state) { $0.text = text }
    }
    guard isShared(text), let way = creation(flags, state) else { return }
    raise(.temporaryFile, path, 0, at: value, state) { observation in
      observation.text = text
      observation.isAssured = way == .follows && !text.contains("%")
    }
  }

  /// Whether a path can be that of a text which the function makes.
  private func mayBeMade(_ path: AbstractValue) -> Bool {
    guard case .pointer(let region, _, _, _) = path else { return false }
    switch universe[region].kind {
    case .local, .heap, .made, .opaque, .choice: return true
    default: return false
    }
  }

  /// Whether the code names a directory that is asked for.
  private func namesDirectories() -> Bool {
    body.instructions.rows.contains { row in
      guard case .literal(let id) = row.operation else { return false }
      let bytes = module.literals[id].bytes
      return ["/proc/", "/tmp", "/var/tmp", "/dev/shm"].contains { bytes.starts(with: $0.utf8) }
    }
  }

  /// The text at an address: of a literal, or the format that it was made by.
  private func pattern(
    of path: AbstractValue, before value: ValueID, _ state: State
  ) -> [UInt8]? {
    if let text = literalText(path) { return text }
    guard mode == .replay, case .pointer(let region, _, _, _) = path else { return nil }
    switch universe[region].kind {
    case .heap(let maker), .made(let maker, _), .opaque(let maker):
      if let call = passedCall(maker), let text = printed(call) { return text }
    default: break
    }
    return passedCalls(before: value, state) { call in
      guard let model = model(of: call.value), writesText(model, call.arguments, region) else {
        return nil
      }
      return printed(call) ?? copied(model, call) ?? []
    }
  }

  /// What a call prints by a literal format, its first text filled in where that is a literal.
  private func printed(_ call: PassedCall) -> [UInt8]? {
    var format: Int?
    var first: Int?
    for effect in model(of: call.value)?.effects ?? [] {
      switch effect {
      case .print(let index, let next), .printInto(_, let index, let next),
        .printBounded(_, _, let index, let next):
        (format, first) = (index, next)
      default: continue
      }
    }
    if format == nil, let known = module.functions[call.target].format {
      format = Int(known.formatIndex)
      first = Int(known.formatIndex) + 1
    }
    guard let format, format < call.arguments.count,
      let text = literalText(registers[Int(call.arguments[format].index)])
    else { return nil }
    guard let first, text.starts(with: "%s".utf8), first < call.arguments.count,
      let start = literalText(registers[Int(call.arguments[first].index)])
    else { return text }
    return start + text.dropFirst(2)
  }

  private func copied(_ model: FunctionModel, _ call: PassedCall) -> [UInt8]? {
    for effect in model.effects {
      switch effect {
      case .copyString(_, let source), .copyTerminated(_, let source, _),
        .copyBounded(_, let source, _):
        guard source < call.arguments.count else { return nil }
        return literalText(registers[Int(call.arguments[source].index)])
      default: continue
      }
    }
    return nil
  }

  /// `/proc/self/mem`, `/proc/%d/mem`, `/proc/1/task/2/mem`.
  private func isProcessMemory(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard path.hasPrefix("/proc/"), parts.last == "mem" else { return false }
    return parts.count == 3 || (parts.count == 5 && parts[2] == "task")
  }

  /// Whether a path lies in a directory in which everybody may make files.
  private func isShared(_ path: String) -> Bool {
    ["/tmp/", "/var/tmp/", "/dev/shm/"].contains { path.hasPrefix($0) && path.count > $0.count }
  }

  private enum Creation { case follows, refuses }

  /// How a call makes the file: following what lies at its name, or not; `nil` where it makes none or
  /// insists on making it.
  private func creation(_ flags: ValueID?, _ state: State) -> Creation? {
    guard let flags else { return .follows }
    if let text = literalText(registers[Int(flags.index)]) {
      guard let letter = text.first, "wa".utf8.contains(letter), !text.contains(UInt8(ascii: "x"))
      else { return nil }
      return .follows
    }
    guard let known = form(flags).flatMap({ bounds($0, state).interval.constant }) else {
      return nil
    }
    let bits = Int64(clamping: known)
    guard bits & 0o100 != 0, bits & 0o200 == 0 else { return nil }
    return bits & 0o400000 == 0 ? .follows : .refuses
  }

  // MARK: Check, then use

  /// Asks whether a path was checked before, so that it may name another file now.
  mutating func checkStale(
    _ path: ValueID, _ index: Int, _ use: PathUse, at value: ValueID, _ state: State
  ) {
    guard case .pointer(let region, let offset, _, _) = registers[Int(path.index)] else { return }
    if mode == .explore {
      if hasPathChecks() { raise(.staleCheck, path, index, at: value, state) }
      return
    }
    var isRewritten = false
    let check: (call: PassedCall, path: Int, kind: PathCheck)? = passedCalls(before: value, state) {
      call in
      guard let model = models[Int(call.target.index)], !isRewritten else { return nil }
      if writesText(model, call.arguments, region) { isRewritten = true }
      for case .checks(let path, let kind) in model.concerns
      where path < call.arguments.count && isTaken(call.value) {
        guard case .pointer(region, let other, _, _) = registers[Int(call.arguments[path].index)],
          other == offset
        else { continue }
        return (call, path, kind)
      }
      return nil
    }
    guard let check else { return }
    switch (check.kind, use) {
    case (.permission, _), (.link, .open), (_, .change): break
    default: return
    }
    let name = calleeName(check.call.value)
    let isAssured =
      check.kind == .permission && use != .rename
      && asksToOpen(check.call, behind: check.path, state)
    raise(.staleCheck, path, index, at: value, state, cause: check.call.value) { observation in
      observation.source = name
      observation.isAssured = isAssured
    }
  }

  /// Whether a check asks if the user may read or write, and the path takes it that they may.
  private func asksToOpen(_ check: PassedCall, behind path: Int, _ state: State) -> Bool {
    guard path + 1 < check.arguments.count,
      let asked = form(check.arguments[path + 1]).flatMap({ bounds($0, state).interval.constant }),
      Int64(clamping: asked) & 0o6 != 0
    else { return false }
    return form(check.value).map { bounds($0, state).interval.contains(Interval(0)) } ?? true
  }

  /// Whether the function looks at files by name at all.
  private func hasPathChecks() -> Bool {
    body.calls.rows.contains { call in
      guard case .function(let target) = call.callee else { return false }
      return models[Int(target.index)]?.concerns.contains {
        if case .checks = $0 { true } else { false }
      } ?? false
    }
  }
}
