// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What is peculiar to a Linux kernel tree, and to modules that are built against one.
struct KernelTree: Sendable {
  /// The directory.
  let root: String

  /// Makes the headers that the kernel's build generates (Documentation/kbuild/kbuild.rst).
  static let preparation = "make olddefconfig prepare modules_prepare"

  /// The same for a command's own tree of build products: with `O=` they do not lie beside the sources, and
  /// a module outside of the kernel's tree takes them from the kernel that it is built for.
  static func preparation(for arguments: [String], root: String) -> String {
    let flag = "-working-directory="
    let directory = arguments.last { $0.hasPrefix(flag) }.map { String($0.dropFirst(flag.count)) }
    guard let tree = objectTree(of: arguments, in: directory ?? root), tree != root else {
      return preparation
    }
    return "make -C \(tree) olddefconfig prepare modules_prepare"
  }

  /// Where the build that a command is of puts the headers that it makes; nil where no flag says so.
  ///
  /// Each build names `arch/…/include/generated` of its own tree of products (`LINUXINCLUDE`).
  static func objectTree(of arguments: [String], in directory: String) -> String? {
    for argument in arguments {
      let path = argument.hasPrefix("-I") ? argument.dropFirst(2) : argument[...]
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count >= 4, Array(parts.suffix(2)) == ["include", "generated"],
        parts[parts.count - 4] == "arch"
      else { continue }
      let tree = parts.dropLast(4).joined(separator: "/")
      return Paths.absolute(tree.isEmpty ? "." : tree, in: directory)
    }
    return nil
  }

  func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root + "/" + path)
  }

  /// Whether it is the tree of a kernel.
  var isKernel: Bool { has("Kbuild") && has("Kconfig") && has("include/linux/kernel.h") }

  /// Whether it holds modules that are built outside the kernel's tree: its makefile says `obj-m` or
  /// `obj-$(CONFIG_…)`.
  var isModule: Bool {
    guard !isKernel else { return false }
    return ["Kbuild", "Makefile"].contains { name in
      guard let text = FileManager.default.contents(atPath: root + "/" + name), text.count < 1 << 20
      else { return false }
      return String(decoding: text, as: UTF8.self).split(separator: "\n").contains { line in
        let line = line.drop { $0 == " " || $0 == "\t" }
        return line.hasPrefix("obj-m") || line.hasPrefix("obj-$(")
      }
    }
  }

  /// How its compilation database is made; nil where it is neither.
  ///
  /// The target is part of the makefile since 5.10, for modules too; the script is older (5.0) and then stood in
  /// `scripts`.
  var recipe: String? {
    if isModule {
      return "make one with 'make -C /lib/modules/$(uname -r)/build M=$PWD compile_commands.json' "
        + "after a build, or 'bear -- make' for a kernel before 5.10"
    }
    guard isKernel else { return nil }
    if has("scripts/clang-tools/gen_compile_commands.py") {
      return "build the kernel, and run 'make compile_commands.json'"
    }
    if has("scripts/gen_compile_commands.py") {
      return "build the kernel, and run 'scripts/gen_compile_commands.py'"
    }
    return "this kernel has no script that makes one: run 'bear -- make'"
  }

  /// Whether a command compiles a part of a kernel.
  static func isKernel(_ command: CompileCommand) -> Bool {
    command.arguments.contains("-D__KERNEL__")
  }

  /// Whether a kernel's build makes the header that a message of the compiler misses.
  static func makes(missing message: String, for arguments: [String]) -> Bool {
    guard arguments.contains("-D__KERNEL__") else { return false }
    guard message.first == "'" else { return false }
    let header = message.dropFirst().prefix { $0 != "'" }
    let single = [
      "linux/version.h", "linux/compile.h", "linux/utsrelease.h", "linux/autoconf.h",
      "asm-offsets.h",
    ]
    return ["generated/", "asm/", "uapi/asm/", "config/"].contains { header.hasPrefix($0) }
      || header.contains("include/generated/") || single.contains(String(header))
  }

  /// Whether a flag loads one of the plugins that the kernel's own build makes, or is for one.
  ///
  /// They add code, or zeros where the source says nothing, or change the order of the members of marked structures:
  /// the source's own order is read, and nothing is loaded.
  static func isOwnPlugin(_ flag: String) -> Bool {
    let plugins = [
      "arm_ssp_per_task", "cyc_complexity", "latent_entropy", "randomize_layout", "sancov",
      "stackleak", "structleak",
    ]
    if flag.hasPrefix("-fplugin=") {
      let parts = flag.dropFirst("-fplugin=".count).split(separator: "/").suffix(3)
      return parts.count == 3 && Array(parts.prefix(2)) == ["scripts", "gcc-plugins"]
        && plugins.contains { parts.last == "\($0)_plugin.so" }
    }
    return plugins.contains { flag.hasPrefix("-fplugin-arg-\($0)_plugin-") }
  }
}
