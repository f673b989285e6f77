// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value that is made when somebody asks for it first, from any thread.
///
/// A class, because all who may ask share it.
public final class Lazy<Value: Sendable>: Sendable {
  private enum State {
    case waiting(@Sendable () -> Value)
    case made(Value)
  }

  private let state: Mutex<State>

  /// Keeps a value that is there.
  public init(_ value: Value) { state = Mutex(.made(value)) }

  /// Keeps how the value is made; `make` is called once at most, and must not ask for the value.
  public init(making make: @escaping @Sendable () -> Value) { state = Mutex(.waiting(make)) }

  /// The value.
  public var value: Value {
    state.withLock { state in
      switch state {
      case .made(let value): return value
      case .waiting(let make):
        let value = make()
        state = .made(value)
        return value
      }
    }
  }

  /// The value where it is there already.
  public var known: Value? {
    state.withLock { state in
      if case .made(let value) = state { value } else { nil }
    }
  }
}

/// A module that many share.
///
/// A class, so that to hand it on costs one count and not one for each of its tables.
public final class SharedModule: Sendable {
  /// The module.
  public let module: Module

  /// Shares a module.
  public init(_ module: Module) { self.module = module }

  /// A module without rows.
  static let empty = SharedModule(Module())
}

/// A module that is read when its code is needed; nil where it cannot be read.
public typealias LazyModule = Lazy<SharedModule?>

extension Lazy where Value == SharedModule? {
  /// Whether somebody asked for the module, and it could not be read.
  public var isLost: Bool {
    if case .some(.none) = known { true } else { false }
  }
}
