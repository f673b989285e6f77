// SPDX-License-Identifier: Apache-2.0

// What the rules on hardening ask of a call, as data. As with effects, the analysis knows kinds of
// questions and no function by name; `Models` holds the names.

/// What is questionable about a call or a value, whatever memory it touches.
public enum ConcernKind: UInt8, BitwiseCopyable, CaseIterable, Codable, Hashable, Sendable {
  /// Memory becomes writable and executable at once.
  case protection = 0
  /// Memory or registers of another process are read or changed: `ptrace`.
  case processAccess = 1
  /// The memory of a process is opened as a file: `/proc/self/mem`.
  case processMemory = 2
  /// Everybody may write to what gets these permissions: `chmod`.
  case permissions = 3
  /// The same, but for what the mask of the process takes away: `open`, `mkdir`.
  case creationMode = 4
  /// A name for a temporary file that others can take first: `mktemp`.
  case temporaryName = 5
  /// A file with a fixed name is made in a directory that everybody may write to.
  case temporaryFile = 6
  /// A shell obeys the text: `system`.
  case command = 7
  /// The text names a program or library that is run.
  case program = 8
  /// The text names a file.
  case externalPath = 9
  /// A file is used by a name that was checked before.
  case staleCheck = 10
  /// Secrets are compared by a function that stops at the first difference.
  case comparison = 11
  /// A secret is overwritten, and nobody reads the memory afterwards.
  case lostClear = 12
  /// A predictable number becomes a secret.
  case weakRandom = 13
  /// A secret is part of the program's text.
  case literalSecret = 14
}

/// What is done with a file that a path names.
public enum PathUse: UInt8, BitwiseCopyable, Codable, Hashable, Sendable {
  /// It gets another mode, owner or size.
  case change
  /// It is opened.
  case open
  /// It is removed, moved or made.
  case rename
}

/// What a look at a file by its name asks for.
public enum PathCheck: UInt8, BitwiseCopyable, Codable, Hashable, Sendable {
  /// What the user may do; the argument behind the path says what: `access`.
  case permission
  /// What lies at the name itself: `lstat`.
  case link
  /// What the name leads to: `stat`.
  case target
}

/// A question that a call raises.
public enum Concern: Hashable, Sendable {
  /// An argument has all of these bits, and none of those.
  case bits(ConcernKind, argument: Int, all: Int64, none: Int64)
  /// The call gives a mode to a file that it makes, where its flags say so (-1: always).
  case creates(flags: Int, mode: Int)
  /// An argument is one of these values.
  case values(ConcernKind, argument: Int, among: [Int64])
  /// An argument is written with this name, whose value differs between machines.
  case spelled(ConcernKind, argument: Int, String)
  /// The call itself.
  case always(ConcernKind)
  /// The call itself, where the function has no call that seals.
  case unsealed(ConcernKind)
  /// Takes the right to write from memory: `set_memory_ro`.
  case seals
  /// The call opens the file at a path; `flags` is the argument that tells how (-1: none), either bits
  /// or the text of `fopen`.
  case opens(path: Int, flags: Int)
  /// The call uses the file at a path.
  case uses(path: Int, PathUse)
  /// The call looks at the file at a path and answers: `access`, `stat`.
  case checks(path: Int, PathCheck)
  /// A shell obeys an argument.
  case command(Int)
  /// An argument names a program or library.
  case program(Int)
  /// What follows an argument `-c` is obeyed by a shell: from that argument on.
  case shellArguments(Int)
  /// The same in an array that an argument points to.
  case shellVector(Int)
  /// Compares what two arguments point to, up to the first difference.
  case compares(Int, Int)
  /// Clears what an argument points to, for whoever reads it next.
  case clears(Int)
  /// An argument points to a key, a password or another secret.
  case secret(Int)
  /// A message authentication code or a hash of a password is left where an argument points.
  case authenticates(Int)
  /// The result is, or points to, a secret.
  case secretResult
  /// The result is predictable.
  case random
  /// Asks whether the caller may look at another process.
  case permissionCheck
  /// Sets the mask of the process.
  case mask(Int)
}

/// Something questionable, with what argues it.
public struct ConcernObservation: Sendable, Hashable, Codable {
  /// What it is.
  public var kind: ConcernKind
  /// The function that is called; empty for a plain store or declaration.
  public var callee: String
  /// The argument or object at fault as written.
  public var expression: String
  /// Its value, where that matters and is known.
  public var value: Int64?
  /// The text at fault, such as the path; conversions of a format stand as they are.
  public var text = ""
  /// What it comes from: the function that brought the text, checked the path, or made the code.
  public var source = ""
  /// Whether the text is only a part of what is obeyed or opened.
  public var isPart = false
  /// Whether the flow of values argues it, and not names or a guess of what is meant.
  public var isAssured = true
}

extension ModelTable {
  /// The table with questions added to the functions of a name; one that had no model stays unseen code
  /// in all other respects.
  public func addingConcerns(_ rows: [(names: String, concerns: [Concern])]) -> ModelTable {
    var result = self
    for row in rows {
      for name in row.names.split(separator: " ").map(String.init) {
        var model = result[name] ?? .unseen(name)
        model.concerns += row.concerns
        result = result.replacing([model])
      }
    }
    return result
  }
}
