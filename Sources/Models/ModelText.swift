// SPDX-License-Identifier: Apache-2.0

// The text form of a model, shared by the built-in table and by users' files; docs/models.md
// describes it. A clause is a verb and its arguments; the tables below are the whole grammar.

public import Analysis
import Findings
import IR

/// What is wrong with a clause.
public struct ModelError: Error, Hashable, Sendable {
  /// One line, lower case, without a full stop.
  public var message: String
}

/// Reads a model: `clause; clause; …`.
public func parseModel(name: String, _ text: some StringProtocol) throws(ModelError)
  -> FunctionModel
{
  var model = FunctionModel(name: name, effects: [], result: .unknown)
  for clause in String(text).split(separator: ";" as Character) {
    let words = clause.split(separator: " " as Character).map(String.init)
    guard let verb = words.first else { continue }
    let arguments = Arguments(verb: verb, words: Array(words.dropFirst()))
    switch verb {
    case "pure": break
    case "noreturn": model.neverReturns = true
    case "ret": model.result = try parseResult(arguments)
    case "acquire" where arguments.words.count == 1:
      model.acquires = try arguments.choice(0, ResourceFamily.allCases)
    case "anything": model.isUnseen = true
    case "instead": model.isInstead = true
    case "saves": model.savesState = true
    case "counts": model.counts = true
    case "error":
      model.mayBeError = true
      if !arguments.words.isEmpty { model.mayBeErrorOrNull = try arguments.word(0) == "null" }
    case "leak":
      model.reachesUser = true
      model.effects.append(.output(try arguments.number(0), try arguments.size(1)))
    case "fetch" where arguments.words.first == "result":
      model.effects.append(.fetch(-1, try arguments.number(1), try arguments.size(2)))
    case "copy" where arguments.words.first == "result":
      model.effects.append(.copy(-1, try arguments.number(1), try arguments.size(2)))
    case "fetch":
      let (target, size) = (try arguments.number(0), try arguments.size(2))
      model.effects += [
        .write(target, size), .external(target, size),
        .fetch(target, try arguments.number(1), size),
      ]
    default: model.effects.append(try parseEffect(arguments))
    }
  }
  switch model.result {
  case .memory, .filled, .resized, .duplicate, .duplicateUpTo:
    if model.acquires == nil { model.acquires = .memory }
  default: break
  }
  return model
}

/// The words of a clause after its verb.
private struct Arguments {
  var verb: String
  var words: [String]

  func word(_ index: Int) throws(ModelError) -> String {
    guard index < words.count else {
      throw ModelError(message: "'\(verb)' needs \(index + 1) words, found \(words.count)")
    }
    return words[index]
  }

  func number(_ index: Int) throws(ModelError) -> Int {
    let text = try word(index)
    guard let value = Int(text) else {
      throw ModelError(message: "'\(verb)' needs the number of an argument, found '\(text)'")
    }
    return value
  }

  func size(_ index: Int) throws(ModelError) -> ModelSize {
    let text = try word(index)
    if let size = parseSize(text) { return size }
    throw ModelError(
      message: "'\(text)' is not a size; write '#2', '#1*#2', '#2*element' or a number")
  }

  func choice<Value: RawRepresentable<String>>(
    _ index: Int, _ values: [Value]
  ) throws(ModelError) -> Value {
    let text = try word(index)
    if let value = values.first(where: { $0.rawValue == text }) { return value }
    throw unknownWord(text, among: values.map(\.rawValue))
  }

  /// A lock: the number of an argument, or a word that stands for one without an address.
  func lock() throws(ModelError) -> LockPlace {
    let text = try word(0)
    return Int(text).map { .argument($0) } ?? .named(text)
  }

  func lockMode() -> LockMode { words.dropFirst().contains("shared") ? .shared : .exclusive }

  func lockResult() throws(ModelError) -> LockResult {
    for text in words.dropFirst() where LockMode(rawValue: text) == nil {
      if let result = LockResult(rawValue: text) { return result }
      throw unknownWord(
        text, among: LockMode.allCases.map(\.rawValue) + LockResult.allCases.map(\.rawValue))
    }
    return .always
  }

  func family(_ index: Int) throws(ModelError) -> ResourceFamily {
    index < words.count ? try choice(index, ResourceFamily.allCases) : .memory
  }
}

private func parseSize(_ word: String) -> ModelSize? {
  guard word.first == "#" else { return Int64(word).map { .constant($0) } }
  let factors = word.split(separator: "*")
  guard let first = factors.first.flatMap({ Int($0.dropFirst()) }) else { return nil }
  if factors.count == 1 { return .argument(first) }
  guard factors.count == 2 else { return nil }
  if factors[1] == "element" { return .elements(first) }
  guard factors[1].first == "#" else { return nil }
  return Int(factors[1].dropFirst()).map { .product(first, $0) }
}

// MARK: Results

private typealias ResultReader = @Sendable (Arguments) throws(ModelError) -> ModelResult

private func parseResult(_ arguments: Arguments) throws(ModelError) -> ModelResult {
  let kind = try arguments.word(0)
  if arguments.words.count == 1, let index = Int(kind) { return .argument(index) }
  if let range = parseRange(kind) { return range }
  guard let reader = resultReaders[kind] else {
    throw unknownWord(kind, among: resultReaders.keys.sorted())
  }
  return try reader(Arguments(verb: "ret \(kind)", words: Array(arguments.words.dropFirst())))
}

/// `-1..255`.
private func parseRange(_ word: String) -> ModelResult? {
  guard let dots = word.firstRange(of: ".."), let low = Int64(word[..<dots.lowerBound]),
    let high = Int64(word[dots.upperBound...]), low <= high
  else { return nil }
  return .range(low, high)
}

private func arithmetic(_ word: String) throws(ModelError) -> BinaryOperator {
  let operators: [String: BinaryOperator] = ["+": .add, "-": .subtract, "*": .multiply]
  guard let op = operators[word] else { throw unknownWord(word, among: operators.keys.sorted()) }
  return op
}

private let resultReaders: [String: ResultReader] = [
  "maybe": { a throws(ModelError) in .argumentOrNull(try a.number(0)) },
  "filled": { a throws(ModelError) in .filled(try a.size(0)) },
  "room": { a throws(ModelError) in
    .room(try a.size(0), mayBeNull: a.words.count > 1)
  },
  "stack": { a throws(ModelError) in .stack(try a.size(0)) },
  "within": { a throws(ModelError) in
    .within(try a.number(0), mayBeNull: a.words.count < 2)
  },
  "inside": { a throws(ModelError) in .inside(try a.number(0), try a.size(1)) },
  "past": { a throws(ModelError) in .past(try a.number(0), try a.size(1)) },
  "end": { a throws(ModelError) in .end(try a.number(0)) },
  "length": { a throws(ModelError) in .length(try a.number(0)) },
  "shorter": { a throws(ModelError) in .lengthUpTo(try a.number(0), try a.size(1)) },
  "copied": { a throws(ModelError) in .copiedLength(try a.number(0), try a.size(1)) },
  "saturated": { a throws(ModelError) in
    .saturated(try arithmetic(try a.word(0)), try a.number(1), try a.number(2))
  },
  "checked": { a throws(ModelError) in
    .checked(
      try arithmetic(try a.word(0)), try a.number(1), try a.number(2), try a.number(3))
  },
  "root": { a throws(ModelError) in .squareRoot(try a.number(0)) },
  "magnitude": { a throws(ModelError) in .magnitude(try a.number(0)) },
  "position": { a throws(ModelError) in .position(try a.number(0)) },
  "upto": { a throws(ModelError) in .upTo(try a.size(0), canFail: a.words.count > 1) },
  "printed": { a throws(ModelError) in
    .printed(format: try a.number(0), first: try a.number(1))
  },
  "memory": { a throws(ModelError) in .memory(try a.size(0), isZeroed: false) },
  "zeroed": { a throws(ModelError) in .memory(try a.size(0), isZeroed: true) },
  "resized": { a throws(ModelError) in .resized(try a.number(0), try a.size(1)) },
  "text": { a throws(ModelError) in .text(try a.number(0)) },
  "string": { _ throws(ModelError) in .message },
  "error": { a throws(ModelError) in .errorNumber(try a.number(0)) },
  "outside": { _ throws(ModelError) in .externalText },
  "duplicate": { a throws(ModelError) in
    a.words.count > 1
      ? .duplicateUpTo(try a.number(0), try a.size(1)) : .duplicate(try a.number(0))
  },
]

// MARK: Effects

private typealias EffectReader = @Sendable (Arguments) throws(ModelError) -> ModelEffect

private func parseEffect(_ arguments: Arguments) throws(ModelError) -> ModelEffect {
  guard let reader = effectReaders[arguments.verb] else {
    throw unknownWord(
      arguments.verb,
      among: effectReaders.keys.sorted()
        + ["counts", "error", "fetch", "instead", "leak", "noreturn", "pure", "ret", "saves"])
  }
  return try reader(arguments)
}

private let effectReaders: [String: EffectReader] = [
  "write": { a throws(ModelError) in .write(try a.number(0), try a.size(1)) },
  "output": { a throws(ModelError) in .output(try a.number(0), try a.size(1)) },
  "read": { a throws(ModelError) in .read(try a.number(0), try a.size(1)) },
  "string": { a throws(ModelError) in
    a.words.count > 1
      ? .boundedString(try a.number(0), try a.size(1)) : .string(try a.number(0))
  },
  "again": { _ throws(ModelError) in .returnsAgain },
  "path": { a throws(ModelError) in .path(try a.number(0)) },
  "copy": { a throws(ModelError) in
    .copy(try a.number(0), try a.number(1), try a.size(2))
  },
  "fill": { a throws(ModelError) in
    .fill(try a.number(0), try a.number(1), try a.size(2))
  },
  "zero": { a throws(ModelError) in .fill(try a.number(0), -1, try a.size(1)) },
  "strcpy": { a throws(ModelError) in .copyString(try a.number(0), try a.number(1)) },
  "strcat": { a throws(ModelError) in .appendString(try a.number(0), try a.number(1)) },
  "strncpy": { a throws(ModelError) in
    .copyBounded(try a.number(0), try a.number(1), try a.size(2))
  },
  "strncat": { a throws(ModelError) in
    .appendBounded(try a.number(0), try a.number(1), try a.size(2))
  },
  "strlcpy": { a throws(ModelError) in
    .copyTerminated(try a.number(0), try a.number(1), try a.size(2))
  },
  "strlcat": { a throws(ModelError) in
    .appendTerminated(try a.number(0), try a.number(1), try a.size(2))
  },
  "terminate": { a throws(ModelError) in .terminate(try a.number(0), try a.size(1)) },
  "external": { a throws(ModelError) in
    .external(try a.number(0), try a.size(1))
  },
  "externaltext": { a throws(ModelError) in
    .externalText(try a.number(0), try a.size(1))
  },
  "print": { a throws(ModelError) in .print(format: try a.number(0), first: try a.number(1)) },
  "printinto": { a throws(ModelError) in
    .printInto(try a.number(0), format: try a.number(1), first: try a.number(2))
  },
  "printbounded": { a throws(ModelError) in
    .printBounded(
      try a.number(0), try a.size(1), format: try a.number(2), first: try a.number(3))
  },
  "scan": { a throws(ModelError) in .scan(format: try a.number(0), first: try a.number(1)) },
  "unsafe": { a throws(ModelError) in .unsafe(.unchecked, try a.number(0)) },
  "unbounded": { a throws(ModelError) in .unsafe(.unbounded, try a.number(0)) },
  "release": { a throws(ModelError) in .release(try a.number(0), try a.family(1)) },
  "put": { a throws(ModelError) in .put(try a.number(0), try a.family(1)) },
  "acquire": { a throws(ModelError) in .acquire(try a.number(0), try a.family(1)) },
  "keep": { a throws(ModelError) in .keep(try a.number(0)) },
  "asks": { a throws(ModelError) in
    guard try a.word(1) == "error" else { throw unknownWord(try a.word(1), among: ["error"]) }
    return .asksError(try a.number(0))
  },
  "attributes": { a throws(ModelError) in
    .attributes(
      try a.number(0), policy: try a.number(1), isStrict: a.words.dropFirst(2).contains("strict"))
  },
  "user": { a throws(ModelError) in .user(try a.number(0)) },
  "reveal": { a throws(ModelError) in .reveal(format: try a.number(0), first: try a.number(1)) },
  "lock": { a throws(ModelError) in .lock(try a.lock(), a.lockMode(), try a.lockResult()) },
  "unlock": { a throws(ModelError) in .unlock(try a.lock(), a.lockMode()) },
  "allocatetext": { a throws(ModelError) in .allocateText(try a.number(0)) },
  "clobber": { a throws(ModelError) in .clobber(try a.number(0)) },
]

// MARK: Errors

private func unknownWord(_ word: String, among known: [String]) -> ModelError {
  let nearest = known.min { editDistance(word, $0) < editDistance(word, $1) }
  let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
  return ModelError(message: "'\(word)' is not a word of models\(hint)")
}
