// SPDX-License-Identifier: Apache-2.0

// What a library function does, as data. The analysis knows these few kinds of effects and no
// function by name; `Models` holds the table of names.

public import IR

/// A number of bytes or elements in the terms of a call.
public enum ModelSize: Hashable, Sendable {
  /// The value of an argument, from 0.
  case argument(Int)
  /// The product of two arguments.
  case product(Int, Int)
  /// The value of an argument times the size of an element of the object that the clause is about.
  case elements(Int)
  /// A constant.
  case constant(Int64)

  /// The arguments that it is made of.
  var arguments: [Int] {
    switch self {
    case .argument(let index), .elements(let index): [index]
    case .product(let first, let second): [first, second]
    case .constant: []
    }
  }
}

/// Which functions `unsafe-function` speaks of, by what they lack.
public enum UnsafeKind: String, Hashable, Codable, Sendable {
  /// No bound can be given at all: `gets`.
  case unbounded
  /// Copies or formats without regard to the destination's size.
  case unchecked
}

/// What has to be given back, and by which functions: a resource of one family is released by the
/// functions of that family only.
public enum ResourceFamily: String, BitwiseCopyable, CaseIterable, Hashable, Codable, Sendable {
  /// `malloc`, `free`.
  case memory
  /// `open`, `socket`, `close`.
  case descriptor
  /// `fopen`, `fclose`.
  case stream
  /// `popen`, `pclose`.
  case pipe
  /// `opendir`, `closedir`.
  case directory
  /// `mmap`, `munmap`.
  case mapping
  /// `getaddrinfo`, `freeaddrinfo`.
  case addresses
  /// `dlopen`, `dlclose`.
  case library
  /// `vmalloc`, `vfree`.
  case virtual
  /// `kvmalloc`, `kvfree`, which also releases what `kmalloc` and `vmalloc` returned.
  case either
  /// `dma_alloc_coherent`, `dma_free_coherent`.
  case coherent
  /// `devm_kmalloc`, `devm_kfree`: goes with its device, so that nobody has to give it back.
  case managed
  /// Objects that count who holds them: `alloc_skb`, `kfree_skb`; `usb_alloc_urb`, `usb_free_urb`.
  case counted

  /// Whether it is memory that the program itself uses.
  public var isMemory: Bool {
    switch self {
    case .memory, .virtual, .either, .coherent, .managed, .counted: true
    case .descriptor, .stream, .pipe, .directory, .mapping, .addresses, .library: false
    }
  }

  /// Whether a function that releases this family may release a resource of another one.
  public func releases(_ other: ResourceFamily) -> Bool {
    self == other || self == .either && (other == .memory || other == .virtual)
  }
}

/// How a lock is held.
public enum LockMode: String, BitwiseCopyable, CaseIterable, Codable, Hashable, Sendable {
  /// By one at a time: who asks again waits for ever.
  case exclusive
  /// By several at a time: `read_lock`, `rcu_read_lock`.
  case shared
}

/// Which lock a clause speaks of.
public enum LockPlace: Hashable, Sendable {
  /// What an argument points to.
  case argument(Int)
  /// One that has no address, such as RCU's, by a word that stands for it.
  case named(String)
}

/// Which result says that a lock was taken.
public enum LockResult: String, CaseIterable, Codable, Hashable, Sendable {
  /// Every one.
  case always
  /// 0: `mutex_lock_interruptible`.
  case zero
  /// Others than 0: `mutex_trylock`.
  case nonzero
}

/// One thing that a call does, in the order of the model.
///
/// Strings are counted in elements, whose size is that of what the argument points to; memory in bytes.
public enum ModelEffect: Hashable, Sendable {
  /// Writes that many bytes at an argument.
  case write(Int, ModelSize)
  /// Reads that many bytes at an argument.
  case read(Int, ModelSize)
  /// Reads that many bytes at an argument and hands them to a file or a peer.
  case output(Int, ModelSize)
  /// Takes an argument as a string, up to its terminator.
  case string(Int)
  /// Hands an argument as a string to the system, which answers an error where it is null: `open`.
  case path(Int)
  /// Takes an argument as a string of at most that many elements, which need no terminator.
  case boundedString(Int, ModelSize)
  /// Copies bytes: destination, or -1 for the new memory that is returned, source, count.
  case copy(Int, Int, ModelSize)
  /// Sets bytes: destination, the argument with the element, count.
  case fill(Int, Int, ModelSize)
  /// `strcpy`: destination, source.
  case copyString(Int, Int)
  /// `strcat`: destination, source.
  case appendString(Int, Int)
  /// `strncpy`: destination, source, count.
  case copyBounded(Int, Int, ModelSize)
  /// `strncat`: destination, source, count.
  case appendBounded(Int, Int, ModelSize)
  /// `strlcpy`: destination, source, size of the destination.
  case copyTerminated(Int, Int, ModelSize)
  /// `strlcat`: destination, source, size of the destination.
  case appendTerminated(Int, Int, ModelSize)
  /// Leaves a string that fits into that many elements, terminator included.
  case terminate(Int, ModelSize)
  /// Fills with up to that many bytes from outside, which promise no terminator: `read`.
  case external(Int, ModelSize)
  /// Leaves a line of text from outside, terminated, in that many elements: `fgets`.
  case externalText(Int, ModelSize)
  /// Prints by a format: the format's argument, the first one that it consumes; -1 for a `va_list`.
  case print(format: Int, first: Int)
  /// Prints by a format into an argument without a bound.
  case printInto(Int, format: Int, first: Int)
  /// Prints by a format into an argument that has room for that many elements: `snprintf`.
  case printBounded(Int, ModelSize, format: Int, first: Int)
  /// Scans by a format: the format's argument, the first one that it fills.
  case scan(format: Int, first: Int)
  /// Is on the list of `unsafe-function`; the destination's argument.
  case unsafe(UnsafeKind, Int)
  /// Ends the lifetime of what an argument is or points to: `free`, `close`.
  case release(Int, ResourceFamily)
  /// Gives back one of several references: ends the lifetime where nobody but the caller has one.
  case put(Int, ResourceFamily)
  /// Keeps what an argument is or points to, which is no longer the caller's to give back: `putenv`.
  case keep(Int)
  /// Stores a new resource where an argument points: `socketpair`, `getaddrinfo`.
  case acquire(Int, ResourceFamily)
  /// Stores a pointer to a new string, which the caller has to free, where an argument points:
  /// `getline`, `asprintf`.
  case allocateText(Int)
  /// May change what an argument points to.
  case clobber(Int)
  /// May return once more, later, from the same call: `setjmp` (C11 7.13.1.1p3).
  case returnsAgain
  /// Fills a table with the attributes of a message: the table's argument, the policy's, and whether attributes
  /// without a kind are refused.
  case attributes(Int, policy: Int, isStrict: Bool)
  /// Takes an argument as an address of the user's, not of the kernel's.
  case user(Int)
  /// Reads that many bytes of the user's memory, at the second argument, into the first.
  case fetch(Int, Int, ModelSize)
  /// Prints by a format to where users read: the format's argument, the first one that it consumes.
  case reveal(format: Int, first: Int)
  /// Answers whether an argument is an error number in the form of a pointer: zero says that it is not.
  case asksError(Int)
  /// Takes a lock where the result says so.
  case lock(LockPlace, LockMode, LockResult)
  /// Gives a lock back.
  case unlock(LockPlace, LockMode)
  /// Brings something in from outside; with a number of bytes, or the greatest result.
  case input(InputEffect, ModelSize?)
}

/// How a call spreads what somebody outside chooses.
public enum InputEffect: Hashable, Sendable {
  /// What the first argument points to is made of what the second one points to.
  case text(Int, Int)
  /// The result comes from outside, or what it points to.
  case result
  /// The result is a number made of the text at an argument.
  case parsed(Int)
  /// The result is a number made of the number that an argument is.
  case converted(Int)
}

/// What a call returns.
public enum ModelResult: Hashable, Sendable {
  /// A value of the result type.
  case unknown
  /// An argument as it is.
  case argument(Int)
  /// An argument as it is, or `NULL`: `fgets`.
  case argumentOrNull(Int)
  /// A pointer into the string at an argument, or `NULL` where that is possible.
  case within(Int, mayBeNull: Bool)
  /// A pointer into that many bytes at an argument, or `NULL`.
  case inside(Int, ModelSize)
  /// An argument plus that many bytes: `mempcpy`.
  case past(Int, ModelSize)
  /// A pointer to the terminator of the string at an argument: `stpcpy`.
  case end(Int)
  /// The length of the string at an argument.
  case length(Int)
  /// The length of the string at an argument, or the limit where that is less: `strnlen`.
  case lengthUpTo(Int, ModelSize)
  /// A negative error number, or the length of the string that the call left at an argument, or the limit where
  /// it left no terminator: `strncpy_from_user`.
  case copiedLength(Int, ModelSize)
  /// A sum, difference or product of two arguments, which is never too large where it is used: where it does not
  /// fit it is the largest number, and no allocation of that size succeeds. `size_mul`.
  case saturated(BinaryOperator, Int, Int)
  /// From 0 to the length of the string at an argument: `strspn`.
  case position(Int)
  /// An argument without its sign: `abs`.
  case magnitude(Int)
  /// The square root of an argument.
  case squareRoot(Int)
  /// Whether a sum, difference or product of two arguments does not fit where a third one points, and is
  /// stored there modulo 2ⁿ: `__builtin_add_overflow`.
  case checked(BinaryOperator, Int, Int, Int)
  /// From 0 to that many, or -1 where it can fail.
  case upTo(ModelSize, canFail: Bool)
  /// A number in a range.
  case range(Int64, Int64)
  /// The elements that a format prints, whatever the room: `snprintf`.
  case printed(format: Int, first: Int)
  /// New memory of that many bytes, or `NULL`.
  case memory(ModelSize, isZeroed: Bool)
  /// New memory of that many bytes with content that is not known, or `NULL`: `kmemdup`.
  case filled(ModelSize)
  /// Memory of that many bytes that belongs to somebody else: `skb_put_zero`.
  case room(ModelSize, mayBeNull: Bool)
  /// Memory of that many bytes that lives as long as the calling function: `alloca`.
  case stack(ModelSize)
  /// The memory at an argument, moved to one of that many bytes, or `NULL`: `realloc`.
  case resized(Int, ModelSize)
  /// An argument, an error number, in the form of a pointer: `ERR_PTR`.
  case errorNumber(Int)
  /// A string of at most that many elements, such as the text of an address.
  case text(Int)
  /// A string of any length from outside, or `NULL`: `getenv`.
  case externalText
  /// A string of any length that is never `NULL`: `strerror`.
  case message
  /// New memory with a copy of the string at an argument, or `NULL`.
  case duplicate(Int)
  /// New memory with at most that many elements of the string at an argument, or `NULL`.
  case duplicateUpTo(Int, ModelSize)
}

/// What a function does that has no body here.
public struct FunctionModel: Hashable, Sendable {
  /// The name.
  public var name: String
  /// What it does to memory; nothing else is written.
  public var effects: [ModelEffect]
  /// What it returns.
  public var result: ModelResult
  /// Whether it never comes back.
  public var neverReturns = false
  /// The family of its result, where that has to be given back.
  public var acquires: ResourceFamily?
  /// Whether the model counts even where the code is known, as that of a header's inline function.
  public var isInstead = false
  /// Whether its result is a state that whoever undoes it has to be handed: `spin_lock_irqsave`.
  public var savesState = false
  /// Whether its result says that the last of counted references is gone: `refcount_dec_and_test`.
  public var counts = false
  /// Whether what it hands on reaches users of the kernel: `copy_to_user`.
  public var reachesUser = false
  /// Whether its result can be an error number in the form of a pointer, and is not `NULL` then.
  public var mayBeError = false
  /// Whether its result can be `NULL` besides.
  public var mayBeErrorOrNull = false
  /// What the rules on hardening ask of its calls.
  public var concerns: [Concern] = []
  /// Whether nothing else is known of it than what its result may be and which concerns it raises: it
  /// may write and keep what code that is not seen may.
  public var isUnseen = false

  /// Makes a model.
  public init(name: String, effects: [ModelEffect], result: ModelResult) {
    self.name = name
    self.effects = effects
    self.result = result
  }

  /// Whether an effect says what stands where an argument points, besides that so many bytes are written.
  func saysWhatIsWritten(to target: Int) -> Bool {
    effects.contains { effect in
      switch effect {
      case .copy(target, _, _), .fill(target, _, _), .copyString(target, _),
        .appendString(target, _), .copyBounded(target, _, _), .appendBounded(target, _, _),
        .copyTerminated(target, _, _), .appendTerminated(target, _, _), .terminate(target, _),
        .external(target, _), .externalText(target, _), .printInto(target, _, _),
        .printBounded(target, _, _, _), .acquire(target, _), .allocateText(target),
        .clobber(target), .attributes(target, _, _):
        true
      default: false
      }
    }
  }

  /// A function of which nothing is known.
  static func unseen(_ name: String) -> FunctionModel {
    var model = FunctionModel(name: name, effects: [], result: .unknown)
    model.isUnseen = true
    return model
  }
}

extension FunctionModel {
  /// Whether the function may write what an argument leads to, or keep it.
  func mayWrite(_ argument: Int) -> Bool {
    guard !isUnseen, !saysWhatIsWritten(to: argument) else { return true }
    return effects.contains { effect in
      switch effect {
      case .write(argument, _), .output(argument, _), .keep(argument), .fetch(argument, _, _),
        .input(.text(argument, _), _), .input(.parsed(argument), _),
        .input(.converted(argument), _):
        true
      case .scan(_, let first): argument >= first
      default: false
      }
    }
  }
}

/// Models by name.
public struct ModelTable: Sendable {
  private var models: [String: FunctionModel]
  /// Tells tables of one build of the program apart by what was added to them.
  public private(set) var digest = Digest.zero
  private var memberConcerns: [String: Concern] = [:]
  /// What is promised of the arguments of functions, by the member that they are stored in, or by the
  /// function that they are handed to and the number of the argument.
  private(set) var entries: [String: [EntryClause]] = [:]

  /// How the attributes of messages and their policies are laid out.
  private(set) var attributeFormat: AttributeFormat?

  /// Makes a table; a later model of a name replaces an earlier one.
  public init(_ models: [FunctionModel]) {
    self.models = [:]
    for model in models { self.models[model.name] = model }
  }

  /// The model of a name.
  public subscript(name: String) -> FunctionModel? { models[name] }

  /// What is asked of the value of a member, by the names of record and member with a dot between.
  func concern(ofMember name: String) -> Concern? { memberConcerns[name] }

  /// The table with built-in models in the place of others; the digest is that of the build.
  func replacing(_ others: [FunctionModel]) -> ModelTable {
    var result = self
    for model in others { result.models[model.name] = model }
    return result
  }

  /// The table with questions about members added.
  public func addingMemberConcerns(_ concerns: [String: Concern]) -> ModelTable {
    var result = self
    result.memberConcerns.merge(concerns) { _, new in new }
    return result
  }

  /// The table with contracts of callback tables added.
  public func addingEntries(_ entries: [String: [EntryClause]]) -> ModelTable {
    var result = self
    result.entries.merge(entries) { _, new in new }
    return result
  }

  /// The table with the layout of attributes added.
  public func addingAttributes(_ format: AttributeFormat) -> ModelTable {
    var result = self
    result.attributeFormat = format
    return result
  }

  /// The names whose models count instead of code.
  var insteadOfCode: Set<String> {
    Set(models.values.lazy.filter(\.isInstead).map(\.name))
  }

  /// The table with these models added; they replace those of the same name.
  public func adding(_ others: [FunctionModel]) -> ModelTable {
    var result = self
    for model in others {
      result.models[model.name] = model
      // The text of a value names all of its parts.
      let text = String(reflecting: model)
      result.digest = Digest(of: result.digest.bytes + ContiguousArray(text.utf8))
    }
    return result
  }
}
