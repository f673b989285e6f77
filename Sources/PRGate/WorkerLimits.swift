// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a worker may take of the machine; passing a limit ends it and costs its unit.
///
/// The only unsafe calls outside the wrapper of libclang: the system has no other form of them.
enum WorkerLimits {
  /// Bytes of address space: several times what the largest units of real programs need.
  static let memory: rlim_t = 4 << 30

  /// Limits memory, and forbids the process to write files or to leave its memory on the disk.
  ///
  /// - Throws: what the system refuses.
  static func apply() throws(CommandFailure) {
    try limit(RLIMIT_CORE, to: 0, "the size of core files")
    try limit(RLIMIT_FSIZE, to: 0, "the size of files")
    try limit(RLIMIT_AS, to: memory, "memory")
  }

  /// Gives the process `seconds` of processor time from now on.
  ///
  /// - Throws: what the system refuses.
  static func allow(seconds: Int) throws(CommandFailure) {
    // The limit counts whole seconds since the process began.
    let used = Int(clock()) / Int(CLOCKS_PER_SEC)
    try limit(RLIMIT_CPU, to: rlim_t(used + seconds + 1), isFinal: false, "processor time")
  }

  #if canImport(Glibc)
  private typealias Resource = __rlimit_resource
  #else
  private typealias Resource = Int32
  #endif

  private static func limit(
    _ resource: Resource, to value: rlim_t, isFinal: Bool = true, _ name: String
  ) throws(CommandFailure) {
    var limits = rlimit()
    guard unsafe getrlimit(system(resource), &limits) == 0 else { throw failure(name) }
    // What the caller's shell forbids stays forbidden.
    limits.rlim_cur = min(value, limits.rlim_max)
    if isFinal { limits.rlim_max = limits.rlim_cur }
    guard unsafe setrlimit(system(resource), &limits) == 0 else { throw failure(name) }
  }

  #if canImport(Glibc)
  private static func system(_ resource: Resource) -> __rlimit_resource_t {
    __rlimit_resource_t(resource.rawValue)
  }
  #else
  private static func system(_ resource: Resource) -> Int32 { resource }
  #endif

  private static func failure(_ name: String) -> CommandFailure {
    .usage("the system does not let a worker limit \(name); try --in-process")
  }
}
