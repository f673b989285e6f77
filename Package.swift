// swift-tools-version: 6.2
import PackageDescription

/// The prefix of the LLVM installation that holds `include/clang-c/Index.h` and `lib/libclang.so`.
///
/// `./prgate` and `.ci/run` search for the newest one and pass it on. A probe of the file system in
/// this manifest would be cached by the package manager and go stale.
let llvm = Context.environment["LIBCLANG_PREFIX"] ?? "/usr/lib/llvm-19"

/// Settings that every target of ours shares.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Settings of the targets whose generic code and accessors are used across target borders in hot
/// loops; see ARCHITECTURE.md for the figures.
let hot: [SwiftSetting] =
  strict + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]

/// Settings of the targets that see libclang's headers.
let clangHeaders: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-I\(llvm)/include"])]

let libclang: [LinkerSetting] = [
  .unsafeFlags([
    "-L\(llvm)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(llvm)/lib",
    // What is kept by one build of the program is used by copies of it, and by no other build.
    "-Xlinker", "--build-id=sha1",
  ]),
  .linkedLibrary("clang"),
]

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "prgate",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "prgate", targets: ["PRGate"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.7.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
  ],
  targets: [
    .target(name: "CClang", swiftSettings: strict),
    .target(
      name: "Clang", dependencies: ["CClang"],
      swiftSettings: hot + clangHeaders + [.enableExperimentalFeature("Lifetimes")],
      linkerSettings: libclang),
    .target(name: "Findings", swiftSettings: hot),
    .target(name: "IR", dependencies: ["Findings"], swiftSettings: hot),
    .target(
      name: "Lowering", dependencies: ["Clang", "IR", "Findings"],
      swiftSettings: hot + clangHeaders),
    .target(name: "Analysis", dependencies: ["IR", "Findings"], swiftSettings: hot),
    .target(name: "Models", dependencies: ["Analysis", "Findings", "IR"], swiftSettings: hot),
    .target(name: "Rules", dependencies: ["Analysis", "IR", "Findings"], swiftSettings: hot),
    .target(
      name: "Index",
      dependencies: ["Analysis", "IR", "Findings", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: strict),
    .target(name: "Gate", dependencies: ["Findings"], swiftSettings: strict),
    .target(name: "Reporting", dependencies: ["Findings"], swiftSettings: strict),
    .executableTarget(
      name: "PRGate",
      dependencies: [
        "Clang", "Findings", "IR", "Lowering", "Analysis", "Models", "Rules", "Index", "Gate",
        "Reporting", argumentParser, subprocess, systemPackage, yams,
      ],
      swiftSettings: strict + clangHeaders),
    // Developers only: runs the IR, to prove the lowering against compiled programs.
    .target(name: "Interpreter", dependencies: ["IR", "Findings"], swiftSettings: hot),
    .executableTarget(
      name: "Dev",
      dependencies: [
        "Clang", "Findings", "IR", "Lowering", "Analysis", "Models", "Rules", "Reporting",
        "Interpreter",
        argumentParser, subprocess, systemPackage,
      ],
      swiftSettings: strict + clangHeaders),
    .testTarget(name: "GateTests", dependencies: ["Gate", "Findings"], swiftSettings: strict),
    .testTarget(
      name: "ReportingTests", dependencies: ["Reporting", "Findings"],
      exclude: ["Golden", "validate"],
      swiftSettings: strict),
    .testTarget(name: "IndexTests", dependencies: ["Index"], swiftSettings: strict),
    .testTarget(name: "PushTests", dependencies: ["PRGate"], swiftSettings: strict),
    .testTarget(name: "AnalysisTests", dependencies: ["Analysis", "IR"], swiftSettings: strict),
    .testTarget(
      name: "RulesTests",
      dependencies: ["Rules", "Models", "Analysis", "Lowering", "Clang", "IR", "Findings"],
      swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "MetamorphicTests",
      dependencies: ["Rules", "Models", "Analysis", "Lowering", "Clang", "Findings"],
      swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "ClangTests", dependencies: ["Clang"], swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "LoweringTests", dependencies: ["Lowering", "Clang", "IR", "Findings"],
      swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "IRTests", dependencies: ["IR", "Lowering", "Clang", "Findings"],
      swiftSettings: strict + clangHeaders),
    .testTarget(name: "FindingsTests", dependencies: ["Findings"], swiftSettings: strict),
    .testTarget(
      name: "OracleTests",
      dependencies: ["Interpreter", "Lowering", "Clang", "IR", "Findings", "Dev"],
      swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "SoundnessTests",
      dependencies: ["Analysis", "Models", "Interpreter", "Lowering", "Clang", "IR", "Findings"],
      swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "TidyTests", dependencies: ["Dev", "Rules", "Findings", argumentParser],
      swiftSettings: strict + clangHeaders),
    .testTarget(
      name: "PRGateTests", dependencies: ["PRGate", subprocess, systemPackage],
      swiftSettings: strict),
  ]
)

// Fuzz targets have no `main` of their own, so they are part of the package only when asked for; see
// bench/fuzz/run.
if Context.environment["PRGATE_FUZZ"] != nil {
  for name in ["FuzzModule", "FuzzSource"] {
    package.targets.append(
      .executableTarget(
        name: name, dependencies: ["Clang", "IR", "Lowering"], path: "bench/fuzz/\(name)",
        swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])]
          + clangHeaders))
  }
}
