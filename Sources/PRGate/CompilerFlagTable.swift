// SPDX-License-Identifier: Apache-2.0

/// What becomes of a compiler flag on its way to the parser.
enum FlagTreatment: Hashable, Sendable {
  /// Passed on: it changes what the code means.
  case keep
  /// Passed on; its value is a path relative to the directory of the command.
  case keepPath
  /// Passed on; its value is a header that is looked up in that directory first.
  case keepHeader
  /// Passed on as another flag with the same effect on what the code means.
  case replace(String)
  /// Every build has it, and it does not change what the code means: dropped without a word.
  case drop
  /// Known to the build's compiler only, without effect on what the code means: dropped, and listed.
  case dropNoted
  /// The unit is not analysed, for this reason.
  case refuse(String)
}

/// How a flag takes its value.
enum FlagValue: Hashable, Sendable {
  /// No value: the word is the flag.
  case none
  /// The value follows in the same word and is part of the flag: every word that begins so.
  case joined
  /// The next word.
  case separate
  /// The rest of the word where there is one, else the next word.
  case joinedOrSeparate
}

/// A row of the table.
struct FlagRow: Hashable, Sendable {
  var name: String
  var value: FlagValue
  var treatment: FlagTreatment
}

/// The allow-list of compiler flags.
///
/// A flag that is not in it never reaches the parser. Exact names win over prefixes, longer prefixes
/// over shorter ones; `CompilerFlags` treats what is left. The kernel's and GCC's own flags that
/// clang refuses are those of clang's driver 17 to 19.
enum CompilerFlagTable {
  static let rows: [FlagRow] =
    preprocessor + language + target + codeGeneration + outputs + refused + unsupported
    + gccOnly

  private static let loads = "it loads a program into the compiler"
  private static let writes = "it writes a file"
  private static let redirects = "it redirects what the compiler reads or runs"
  private static let meaning =
    "it changes the meaning of the code in a way that clang cannot follow"

  private static func row(
    _ treatment: FlagTreatment, _ value: FlagValue, _ names: String...
  ) -> [FlagRow] {
    names.map { FlagRow(name: $0, value: value, treatment: treatment) }
  }

  /// Macros and the search for headers.
  private static let preprocessor: [FlagRow] =
    row(.keep, .joinedOrSeparate, "-D", "-U")
    + row(.keepPath, .joinedOrSeparate, "-I", "-iquote", "-isystem", "-idirafter", "-isysroot")
    + row(.keepPath, .joined, "--sysroot=") + row(.keepPath, .separate, "--sysroot")
    + row(.keepHeader, .joinedOrSeparate, "-include", "-imacros")
    + row(.keep, .none, "-nostdinc", "-undef", "-trigraphs", "-nostdlibinc", "-nobuiltininc")
    + row(.drop, .none, "-I-", "-nostdinc++", "-H", "-C", "-CC", "-P", "-dD", "-dM", "-dN", "-dI")
    + row(.drop, .joinedOrSeparate, "-cxx-isystem")
    + row(.drop, .joined, "-fdebug-prefix-map=", "-ffile-prefix-map=", "-fmacro-prefix-map=")
    + row(.drop, .joined, "-frandom-seed=", "-fmessage-length=", "-ftabstop=", "-fdiagnostics-")

  /// The language: what the words of the file mean.
  private static let language: [FlagRow] =
    row(.keep, .joined, "-std=") + row(.replace("-std="), .joined, "--std=")
    + row(
      .keep, .none, "-ansi", "-pthread", "-fms-extensions", "-fgnu89-inline", "-fno-gnu89-inline")
    + row(.keep, .none, "-fblocks", "-fdollars-in-identifiers", "-fno-dollars-in-identifiers")
    + row(.keep, .none, "-fno-asm", "-fasm-blocks", "-fgnu-keywords", "-fno-gnu-keywords")
    + row(.keep, .none, "-ffreestanding", "-fhosted", "-fbuiltin", "-fno-builtin")
    + row(.keep, .joined, "-fno-builtin-")
    + row(
      .keep, .none, "-fsigned-char", "-fno-signed-char", "-funsigned-char", "-fno-unsigned-char")
    + row(.keep, .none, "-fshort-enums", "-fno-short-enums", "-fshort-wchar", "-fno-short-wchar")
    + row(.keep, .none, "-fpack-struct", "-fno-pack-struct", "-fwrapv", "-fno-wrapv", "-ftrapv")
    + row(.keep, .joined, "-fpack-struct=", "-finput-charset=", "-fexec-charset=")
    + row(.keep, .joined, "-fstrict-flex-arrays=")
    + row(.keep, .none, "-fstrict-overflow", "-fno-strict-overflow")
    + row(.keep, .none, "-fno-delete-null-pointer-checks", "-fdelete-null-pointer-checks")
    + row(.keep, .none, "-fcommon", "-fno-common", "-fopenmp", "-fexceptions", "-fno-exceptions")
    + row(.keep, .none, "-fPIC", "-fpic", "-fPIE", "-fpie", "-fno-pic", "-fno-PIC", "-fno-pie")
    + row(.keep, .none, "-fno-PIE")
    + row(.keep, .none, "-ffast-math", "-fno-math-errno", "-fno-fast-math", "-fsigned-zeros")
    + row(.keep, .none, "-fno-signed-zeros", "-ffinite-math-only", "-fno-finite-math-only")
    + row(.replace("-fms-extensions"), .none, "-fplan9-extensions")
    + row(.drop, .none, "-traditional", "-fsigned-bitfields")

  /// The machine: sizes, alignments, predefined macros.
  private static let target: [FlagRow] =
    row(.keep, .joined, "--target=", "-march=", "-mcpu=", "-mabi=", "-mfpu=", "-mfloat-abi=")
    + row(.keep, .separate, "-target", "-arch")
    + row(.keep, .none, "-m16", "-m32", "-m64", "-mx32", "-mthumb", "-marm", "-mno-thumb")
    + row(.keep, .none, "-mbig-endian", "-mlittle-endian", "-EB", "-EL", "-mms-bitfields")
    + row(.keep, .none, "-msoft-float", "-mhard-float", "-mgeneral-regs-only", "-malign-double")
    + row(.keep, .none, "-mlong-double-64", "-mlong-double-80", "-mlong-double-128")
    + row(.keep, .none, "-mno-80387", "-m80387", "-mmmx", "-mno-mmx", "-m3dnow", "-mno-3dnow")
    + row(.keep, .joined, "-msse", "-mno-sse", "-mssse3", "-mno-ssse3", "-mavx", "-mno-avx")
    + row(.keep, .none, "-maes", "-mno-aes", "-mpclmul", "-mno-pclmul", "-mpopcnt", "-mno-popcnt")
    + row(.keep, .none, "-mbmi", "-mbmi2", "-mfma", "-mno-fma", "-mf16c", "-mlzcnt", "-mmovbe")
    + row(.keep, .none, "-msha", "-mcrc32", "-mrdrnd", "-mrdseed", "-mcx16", "-mno-cx16")
    + row(.drop, .joined, "-malign-data=", "-mcmodel=", "-mfpmath=", "-mlarge-data-threshold=")
    + row(.drop, .joined, "-mstringop-strategy=", "-minline-", "-mprefer-vector-width=")
    + row(.drop, .joined, "-mno-omit-leaf-", "-momit-leaf-", "-mno-implicit-float", "-mshstk")
    + row(.drop, .joined, "-mtune=", "-mregparm=", "-mbranch-cost=", "-mbranch-protection=")
    + row(.drop, .joined, "-mstack-protector-guard", "-mindirect-branch", "-mfunction-return=")
    + row(.drop, .none, "-mno-red-zone", "-mred-zone", "-mstackrealign", "-mno-stackrealign")
    + row(.drop, .none, "-mfentry", "-mrecord-mcount", "-mretpoline", "-mnop-mcount")
    + row(.drop, .joined, "-mharden-sls=", "-mpreferred-stack-boundary=", "-mstack-alignment=")

  /// Optimisation, debugging, linking: nothing that the parser needs.
  private static let codeGeneration: [FlagRow] =
    row(.drop, .joined, "-O", "-g", "-W", "-Wl,", "-Wa,", "-fsanitize", "-fno-sanitize")
    + row(.drop, .none, "-w", "-pedantic", "-pedantic-errors", "--pedantic", "-pipe", "-v", "-s")
    + row(.drop, .none, "-shared", "-static", "-rdynamic", "-pie", "-no-pie", "-static-pie", "-r")
    + row(.drop, .none, "-nostdlib", "-nostartfiles", "-nodefaultlibs", "-nolibc", "-p", "-pg")
    + row(.drop, .none, "-static-libgcc", "-shared-libgcc", "-Qunused-arguments", "-time")
    + row(.drop, .none, "-no-canonical-prefixes", "-fsyntax-only", "--verbose", "-###")
    + row(.drop, .joined, "-fno-color-", "-fcolor-", "-fno-diagnostics-", "-fshow-", "-fno-show-")
    + row(.drop, .joinedOrSeparate, "-l", "-L", "-T", "-u", "-z")
    + row(.drop, .separate, "-Xlinker", "-Xassembler", "--param", "-e", "-dumpbase", "-dumpdir")
    + row(.drop, .joined, "--param=", "-fuse-ld=", "-flto", "-fno-lto", "-ffat-lto-objects")
    + row(.drop, .joined, "-fstack-", "-fno-stack-", "-fvisibility", "-fcf-protection")
    + row(.drop, .joined, "-falign-", "-fno-align-", "-ftree-", "-fno-tree-", "-fipa-", "-fno-ipa-")
    + row(.drop, .joined, "-finline", "-fno-inline", "-funroll-", "-fno-unroll-", "-fsched-")
    + row(.drop, .joined, "-ffunction-sections", "-fdata-sections", "-fno-function-sections")
    + row(.drop, .joined, "-fno-data-sections", "-fomit-frame-pointer", "-fno-omit-frame-pointer")
    + row(.drop, .joined, "-fstrict-aliasing", "-fno-strict-aliasing", "-fno-jump-tables")
    + row(.drop, .joined, "-fno-optimize-sibling-calls", "-fasynchronous-unwind-tables")
    + row(
      .drop, .joined, "-fno-asynchronous-unwind-tables", "-funwind-tables", "-fno-unwind-tables")
    + row(.drop, .none, "-fintegrated-as", "-fno-integrated-as", "-mretpoline-external-thunk")
    + row(.drop, .none, "-fno-discard-value-names", "-fsplit-lto-unit", "-fno-dwarf2-cfi-asm")
    + row(.drop, .joined, "-ffixed-", "-mimplicit-it=", "-mtp=", "-msign-return-address=")
    + row(.drop, .joined, "-fno-plt", "-fplt", "-fno-semantic-interposition", "-fno-ident")
    + row(.drop, .none, "-fprofile-arcs", "-ftest-coverage", "--coverage", "-fstack-usage")
    + row(.drop, .none, "-fmerge-all-constants", "-fno-merge-all-constants")
    + row(.drop, .none, "-fzero-call-used-regs=all", "-fno-verbose-asm", "-fverbose-asm")
    + row(.drop, .joined, "-fzero-call-used-regs=", "-ftrivial-auto-var-init=")
    + row(.drop, .joined, "-fpatchable-function-entry=", "-fmin-function-alignment=")

  /// Where a build puts its results; nothing is ever written, so they need no word.
  private static let outputs: [FlagRow] =
    row(.drop, .none, "-c", "-S", "-E", "-M", "-MM", "-MD", "-MMD", "-MP", "-MG")
    + row(.drop, .joinedOrSeparate, "-o", "-MF", "-MT", "-MQ", "-MJ")
    + row(.drop, .separate, "--output", "-aux-info") + row(.drop, .joined, "--output=")

  /// Flags that load, write or redirect: a unit that is built with them is not ours to judge.
  private static let refused: [FlagRow] =
    row(.refuse(loads), .joined, "-fplugin", "-fpass-plugin", "-load")
    + row(.refuse(loads), .separate, "-Xclang", "-mllvm", "-Xanalyzer", "-Xopenmp-target")
    + row(.refuse(loads), .joined, "-Xarch_", "-cc1", "-fthinlto-index=", "-fmodule")
    + row(.refuse(loads), .joinedOrSeparate, "-include-pch", "-ivfsoverlay", "-vfsoverlay")
    + row(.refuse(writes), .joined, "-save-temps", "--save-temps", "-serialize-diagnostics")
    + row(
      .refuse(writes), .joined, "--serialize-diagnostics", "-ftime-trace", "-fdump-", "-fprofile-")
    + row(.refuse(writes), .joined, "-fsave-optimization-record", "-foptimization-record")
    + row(.refuse(writes), .joined, "-fcrash-diagnostics", "-gen-reproducer", "-index-store-path")
    + row(.refuse(writes), .joined, "-emit-", "--analyze", "-fdeps-", "-fcs-profile-")
    + row(.refuse(redirects), .joinedOrSeparate, "-B", "-wrapper", "-resource-dir")
    + row(.refuse(redirects), .joined, "-specs", "--specs", "--config", "--driver-mode")
    + row(.refuse(redirects), .joined, "-working-directory", "--gcc-toolchain", "--gcc-install-dir")
    + row(.refuse(redirects), .joined, "-fembed-", "-no-integrated-cpp", "--prefix")

  /// GCC's own flags that give the code another meaning than clang can.
  private static let unsupported: [FlagRow] =
    row(.refuse(meaning), .none, "-funsigned-bitfields", "-fno-signed-bitfields")
    + row(
      .refuse(meaning), .none, "-traditional-cpp", "-fleading-underscore", "-fpcc-struct-return")
    + row(.refuse(meaning), .joined, "-mstructure-size-boundary=", "-fwide-exec-charset=")
    + row(.refuse(meaning), .none, "-fsingle-precision-constant")

  /// GCC's own flags, the kernel's among them, that clang does not know and that do not change what
  /// the code means.
  private static let gccOnly: [FlagRow] =
    row(.dropNoted, .none, "-fconserve-stack", "-fno-allow-store-data-races", "-fhardened")
    + row(.dropNoted, .none, "-fallow-store-data-races", "-fno-partial-inlining", "-fwhole-program")
    + row(.dropNoted, .joined, "-fno-var-tracking", "-fvar-tracking", "-femit-struct-debug")
    + row(
      .dropNoted, .joined, "-fno-code-hoisting", "-fno-reorder-", "-freorder-", "-flive-patching")
    + row(.dropNoted, .joined, "-fno-guess-branch-", "-fno-gcse", "-fgcse", "-fno-ivopts", "-fsel-")
    + row(.dropNoted, .joined, "-fno-toplevel-reorder", "-ftoplevel-reorder", "-fsection-anchors")
    + row(.dropNoted, .joined, "-fno-section-anchors", "-fno-peephole", "-fno-store-merging")
    + row(.dropNoted, .joined, "-fno-printf-return-value", "-fno-move-loop-", "-frename-registers")
    + row(.dropNoted, .joined, "-fno-caller-saves", "-fno-defer-pop", "-fno-forward-propagate")
    + row(.dropNoted, .joined, "-fexcess-precision=", "-fno-shrink-wrap", "-fno-split-wide-types")
    + row(.dropNoted, .joined, "-fno-early-inlining", "-fira-", "-fno-ira-", "-fmodulo-sched")
    + row(.dropNoted, .joined, "-fno-lifetime-dse", "-flifetime-dse", "-fanalyzer", "-fno-analyzer")
    + row(.dropNoted, .joined, "-fcallgraph-info", "-fno-web", "-fno-cse", "-fno-thread-jumps")
    + row(.dropNoted, .none, "-mno-fp-ret-in-387", "-maccumulate-outgoing-args", "-mapcs-frame")
    + row(.dropNoted, .none, "-mno-accumulate-outgoing-args", "-mno-sched-prolog", "-mapcs")
    + row(.dropNoted, .none, "-mskip-rax-setup", "-mno-thumb-interwork", "-mthumb-interwork")
    + row(.dropNoted, .none, "-mlong-calls", "-mno-long-calls", "-mno-fdpic", "-mno-abicalls")
    + row(.dropNoted, .none, "-mno-shared", "-mexplicit-relocs", "-mno-explicit-relocs")
    + row(.dropNoted, .joined, "-mtls-dialect=", "-mfix-", "-mno-fix-", "-mbranch-likely")
    + row(.dropNoted, .joined, "-mno-branch-likely", "-mno-unaligned-access", "-munaligned-access")
    + row(.dropNoted, .none, "-mapcs-32", "-mbackchain", "-mpacked-stack", "-mprofile-kernel")
    + row(.dropNoted, .none, "-mno-relax", "-mno-save-restore", "-mno-riscv-attribute")
    + row(.dropNoted, .none, "-mno-pointers-to-nested-functions", "-mno-readonly-in-sdata")
    + row(.dropNoted, .joined, "-mhotpatch=", "-mstack-guard=", "-mstack-size=", "-mtraceback=")
    // Members keep the order that the source gives them.
    + row(.dropNoted, .joined, "-frandomize-layout-seed")
}
