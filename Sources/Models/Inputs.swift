// SPDX-License-Identifier: Apache-2.0

// What of a program comes from outside, in the terms of `InputEffect`: clauses that are added to the
// models of `Library.swift` by name. What `external` marks there comes from outside as well.
//
//     input result     the result, or what it points to; with a number, at most that
//     parsed N         the result is a number made of the text at argument N
//     converted N      the result is made of the number that argument N is
//     carries N M      the text at argument N is made of the one at M

import Analysis

private let inputs = """
  getenv: input result
  fgetc: input result 255
  getc: input result 255
  getchar: input result 255
  rand: input result 2147483647
  random: input result 2147483647
  atoi: parsed 0
  atol: parsed 0
  atoll: parsed 0
  atof: parsed 0
  strtod: parsed 0
  strtof: parsed 0
  strtold: parsed 0
  strtol: parsed 0
  strtoul: parsed 0
  strtoll: parsed 0
  strtoull: parsed 0
  ntohs: converted 0
  ntohl: converted 0
  htons: converted 0
  htonl: converted 0
  bswap_16: converted 0
  bswap_32: converted 0
  bswap_64: converted 0
  wcstol: parsed 0
  wcstoul: parsed 0
  wcstoll: parsed 0
  wcstoull: parsed 0
  fgetwc: input result
  getwc: input result
  getwchar: input result
  getc_unlocked: input result 255
  getchar_unlocked: input result 255
  secure_getenv: input result
  lrand48: input result 2147483647
  strcpy: carries 0 1
  stpcpy: carries 0 1
  strcat: carries 0 1
  strncpy: carries 0 1
  stpncpy: carries 0 1
  wcscpy: carries 0 1
  wcsncpy: carries 0 1
  wcscat: carries 0 1
  strncat: carries 0 1
  strlcpy: carries 0 1
  strlcat: carries 0 1
  """

extension ModelTable {
  /// Models with what comes from outside added to them.
  static func withInputs(_ models: [FunctionModel]) -> ModelTable {
    var effects: [String: [ModelEffect]] = [:]
    for line in inputs.split(separator: "\n") {
      guard let (name, effect) = parse(line) else { continue }
      effects[name, default: []].append(effect)
    }
    var models = models
    for index in models.indices {
      models[index].effects += effects[models[index].name] ?? []
    }
    return ModelTable(models)
  }

  /// The lines of `inputs` that cannot be read or name no model; for a test.
  static var lostInputs: [Substring] {
    inputs.split(separator: "\n").filter { line in
      parse(line).map { standard[$0.name] == nil } ?? true
    }
  }

  private static func parse(_ line: Substring) -> (name: String, effect: ModelEffect)? {
    let words = line.split(separator: " ")
    guard words.count >= 3, words[0].last == ":" else { return nil }
    let name = String(words[0].dropLast())
    let size = words.count > 3 ? Int64(words[3]).map { ModelSize.constant($0) } : nil
    if words[1] == "input", words[2] == "result" { return (name, .input(.result, size)) }
    guard let argument = Int(words[2]) else { return nil }
    switch words[1] {
    case "parsed": return (name, .input(.parsed(argument), nil))
    case "converted": return (name, .input(.converted(argument), nil))
    case "carries":
      guard words.count == 4, let source = Int(words[3]) else { return nil }
      return (name, .input(.text(argument, source), nil))
    default: return nil
    }
  }
}
