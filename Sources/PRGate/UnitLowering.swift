// SPDX-License-Identifier: Apache-2.0

import Foundation
import IR
import Lowering

/// A unit with the arguments that the parser gets.
struct PreparedUnit: Codable, Hashable, Sendable {
  /// The path that the ledger shows.
  let path: String
  /// The absolute path of the main file.
  let file: String
  /// Whether the file is read from the disk, and not from a file system of our own.
  let isOnDisk: Bool
  /// The arguments without the file.
  let arguments: [String]
  /// How many of the last arguments belong to the run and not to the unit.
  let internalCount: Int
  /// Why it must not be parsed; nil where it may.
  let refusal: String?
  /// See `CompilerFlags`.
  let droppedFlags: [String]
  let unknownFlags: [String]

  /// Filters the flags of one request.
  init(_ request: UnitRequest, root: String, resourceDirectory: String) {
    var paths = PathMemory()
    self.init(request, root: root, resourceDirectory: resourceDirectory, paths: &paths)
  }

  /// Filters the flags of one of many requests, which share what is known of paths.
  init(
    _ request: UnitRequest, root: String, resourceDirectory: String, paths: inout PathMemory
  ) {
    path = request.path
    file = request.command.file
    isOnDisk = request.internalArguments.isEmpty
    internalCount = request.internalArguments.count
    do {
      let flags = try CompilerFlags(of: request.command, paths: &paths)
      arguments = Self.arguments(flags, request, root: root, resourceDirectory)
      refusal = nil
      droppedFlags = flags.dropped
      unknownFlags = flags.unknown
    } catch {
      arguments = []
      refusal = error.reason
      droppedFlags = []
      unknownFlags = []
    }
  }

  private static func arguments(
    _ flags: CompilerFlags, _ request: UnitRequest, root: String, _ resourceDirectory: String
  ) -> [String] {
    // No configuration file may add flags behind our back. Constructs that older compilers accept
    // with a warning are no errors. The remaining warnings cost time and are not ours to give. What
    // `__FILE__` says must not depend on where the repository lies.
    let own = [
      "-x", "c", "--no-default-config", "-ferror-limit=0", "-w",
      "-Wno-error=implicit-function-declaration", "-Wno-error=implicit-int",
      "-Wno-error=int-conversion", "-Wno-error=incompatible-function-pointer-types",
      "-Wno-error=return-mismatch", "-working-directory=\(request.command.directory)",
      "-resource-dir=\(resourceDirectory)", "-fmacro-prefix-map=\(root)/=",
    ]
    return flags.arguments + own + request.internalArguments
  }
}

/// What became of a unit on its way to the analysis.
struct UnitOutcome: Sendable {
  /// The path that the ledger shows.
  var path: String
  /// What the analysis works on; nil where there is nothing to analyse.
  var unit: ReadUnit?
  /// Why it is not analysed, or not whole; nil where it was read without an error.
  var problem: String?
  /// What tells its results from others; nil where that was not worked out, or nothing may be kept.
  var resultKey: UnitResultKey?

  /// The code; nil where there is nothing to analyse, or the cache has lost it.
  var module: Module? { unit?.code.value?.module }
}

/// From a file to a module.
enum UnitLowering {
  /// What came of a unit.
  struct Result {
    /// Its code, perhaps as the parser repaired it; nil where there is none.
    var module: Module?
    /// See `UnitOutcome.problem`.
    var problem: String?
  }

  /// Parses and lowers a unit; whatever goes wrong is in the result.
  ///
  /// Paths are reported relative to the directory `root`.
  static func lower(_ unit: PreparedUnit, root: String) -> Result {
    if let refusal = unit.refusal { return Result(problem: refusal) }
    // A pipe or a device would keep the parser waiting for ever.
    guard !unit.isOnDisk || Paths.isFile(unit.file) else {
      let isThere = FileManager.default.fileExists(atPath: unit.file)
      let problem = isThere ? "it is not a regular file" : "the file is gone"
      return Result(problem: "\(problem); make the compilation database anew")
    }
    // Where the file system is our own, it holds nothing else anyway.
    let options = LoweringOptions(
      root: root, readableRoots: unit.isOnDisk ? ReadableRoots.of(unit, root: root) : nil)
    do {
      let lowered = try Lowering.lower(
        path: unit.file, arguments: unit.arguments, options: options)
      return Result(module: lowered.module, problem: problem(of: lowered.errors, unit, root: root))
    } catch {
      return Result(problem: "\(error)")
    }
  }

  /// The first error with its place, how many follow, and the next step.
  private static func problem(
    of errors: [CompilerError], _ unit: PreparedUnit, root: String
  ) -> String? {
    guard let first = errors.first else { return nil }
    let path = Paths.relative(first.path, to: root)
    let place = path.isEmpty ? "" : "\(path):\(first.line): "
    let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
    let step: String
    if !first.message.hasSuffix("file not found") {
      step = "repair the code, or give the flags of its build"
    } else if KernelTree.makes(missing: first.message, for: unit.arguments) {
      let recipe = KernelTree.preparation(for: unit.arguments, root: root)
      step = "the kernel's build makes it: run '\(recipe)'"
    } else {
      step = "add its directory with -I, or build what makes it"
    }
    return "\(place)\(first.message)\(more); \(step)"
  }
}
