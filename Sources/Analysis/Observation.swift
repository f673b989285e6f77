// SPDX-License-Identifier: Apache-2.0

public import Findings
public import IR

/// How sure an observation is.
public enum Judgement: Sendable, Hashable, Codable {
  /// It happens whenever the place is reached, and a path to the place was replayed.
  case proven
  /// It happens with the values of the witness, and a path with them was replayed.
  case witnessed
  /// The joined state allows it, but no single path confirmed it.
  case possible
}

/// An event that argues an observation.
public struct Step: Sendable, Hashable, Codable {
  /// The place.
  public var location: Location
  /// What happens there, lower case, without a full stop.
  public var message: String

  /// Makes a step.
  public init(location: Location, message: String) {
    self.location = location
    self.message = message
  }
}

/// Where a bound of an access comes from.
public enum BoundSource: Sendable, Hashable, Codable {
  /// The program's own text: a constant index or size.
  case constant
  /// A condition that the function tests; the text holds.
  case check(String)
  /// The condition of a loop; the text keeps it running.
  case loop(String)
  /// The condition of a loop; the text, once it holds, ends it.
  case loopUntil(String)
  /// The end of a loop; the text has failed, or holds.
  case loopEnd(String, holds: Bool)
  /// A promise of a library function; the text is the call.
  case model(String)
  /// Somebody outside, who chooses every value of the type; the text is the call that brings it in.
  case input(String)
  /// What a call of the snprintf family would have needed, were there room; the text is the call.
  case formatted(String)
  /// What the policy of a message lets through; the text is the attribute.
  case policy(String)
}

/// An access that leaves its object.
public struct AccessObservation: Sendable, Hashable, Codable {
  /// Whether it writes.
  public var isWrite: Bool
  /// The object as a person would name it, such as `buf` or `packet->options`; empty where it has
  /// no name.
  public var object: String
  /// The size of the object in bytes; `nil` where it is not a constant.
  public var size: Int64?
  /// The last byte that is touched, counted from 1 at the start of the object.
  ///
  /// 0 or less lies before it; `nil` where it is not a constant.
  public var lastByte: Int64?
  /// How far the access passes the end, in bytes; negative numbers count the bytes before the start.
  public var excess: Int64
  /// Bytes of the element that is accessed.
  public var elementSize: Int64
  /// Where the bound comes from.
  public var source: BoundSource
  /// The library function that does it; empty for a plain access.
  public var callee: String
  /// Whether the object is a member and the access stays inside the struct around it.
  public var staysInRecord: Bool
  /// Whether the object is the last member of a struct whose own size is not known, so that a payload
  /// may follow.
  public var isTrailing: Bool
  /// Whether a library function takes the value at fault, not an address.
  public var isSize = false
  /// The call that brings in the value at fault, where somebody outside chooses it; else empty.
  public var input = ""
  /// Whether the bound is reached whenever the path is taken: a constant, or the constant limit of a
  /// loop that ends in no other way.
  public var isInevitable = false
  /// Whether the bound is what a loop reaches that looks in vain for an element of the program's own tables.
  public var isBehindSearch = false
  /// Whether `callee` is a function of the program whose own code makes the access.
  public var isInCallee = false
  /// Whether the object is one that a function around the accessing one hands to it.
  public var isHandedOn = false
  /// Whether the last element that is touched is the terminator of a string.
  public var endsInTerminator = false
  /// Whether the object is a message's part that can be shorter than what is read of it.
  public var isShort = false
  /// Whether the size of the object is only what the program counts down along with a pointer into it, or code
  /// that is not seen may have checked what comes from outside.
  public var isBelieved = false
  /// The member that counts the elements of the object, which is a flexible array; else empty.
  public var counter = ""
}

/// A string use of an array that may lack its terminator.
public struct UnterminatedObservation: Sendable, Hashable, Codable {
  /// The array as a person would name it.
  public var object: String
  /// The size of the array in bytes, where it is known.
  public var size: Int64?
  /// Whether the bytes without a terminator fill the whole array.
  public var isFull: Bool
  /// The bytes that hold no terminator, where their number is a constant.
  public var filled: Int64?
  /// The call that left it so; empty where a loop did.
  public var cause: String
  /// The function that takes it as a string.
  public var callee: String
}

/// A call of an unsafe function that is not proven to fit.
public struct UnsafeCallObservation: Sendable, Hashable, Codable {
  /// What the function lacks.
  public var kind: UnsafeKind
  /// The function.
  public var callee: String
  /// The destination as a person would name it.
  public var object: String
  /// Bytes of the destination from where the call writes; `nil` where they are not known.
  public var capacity: Int64?
  /// Bytes that the call needs at least, terminator included.
  public var minimum: Int64
  /// Bytes that it can need at most; `nil` where nothing bounds them.
  public var maximum: Int64?
  /// The conversion at fault, such as `%s`, for formats; else empty.
  public var conversion: String
  /// Whether a string is at fault, not the digits of a number or an unknown format.
  public var takesText: Bool
  /// The function that brought the text from outside, or `main` for its arguments; else empty.
  public var source = ""
}

/// How the bound of a string function is wrong.
public enum BoundMistake: Sendable, Hashable, Codable {
  /// It passes the end of the destination.
  case beyondDestination
  /// It is the length of the source, whatever the destination holds.
  case ofSource
}

/// A bound of a string function that does not protect the destination.
public struct BoundObservation: Sendable, Hashable, Codable {
  /// How it is wrong.
  public var mistake: BoundMistake
  /// The function.
  public var callee: String
  /// The destination as a person would name it.
  public var object: String
  /// Bytes of the destination from where the call writes; `nil` where that is not a constant.
  public var size: Int64?
  /// Bytes that the bound lets through past the end.
  public var excess: Int64
  /// The source as written; empty where there are several.
  public var source: String
  /// Whether the call appends to what the destination holds.
  public var isAppended: Bool
}

/// A format that text from outside chooses.
public struct FormatObservation: Sendable, Hashable, Codable {
  /// The format as written.
  public var object: String
  /// The function that takes it.
  public var callee: String
  /// The function that the text came from; empty for the arguments of `main`.
  public var source: String
}

/// The use of an object after its release.
public struct ReleasedObservation: Sendable, Hashable, Codable {
  /// The pointer as a person would name it.
  public var object: String
  /// Whether the use is a second release.
  public var isRelease: Bool
  /// The function that uses it; empty for a plain access.
  public var callee: String
  /// The function that released it.
  public var cause: String
  /// What kind of resource it is.
  public var family: ResourceFamily
  /// Whether only the name or the shape of a function says that it releases or reads.
  public var isBelieved = false
}

/// A release of what may not be released so.
public struct InvalidReleaseObservation: Sendable, Hashable, Codable {
  /// Why it may not.
  public enum Mistake: Sendable, Hashable, Codable {
    /// It is a local variable, or memory of the function's frame.
    case automatic
    /// It is a variable of static storage duration.
    case staticDuration
    /// It is a string literal.
    case literal
    /// It is a function.
    case function
    /// The pointer does not lead to its start.
    case offset
    /// It belongs to another family.
    case family(ResourceFamily)
  }

  /// Why it may not.
  public var mistake: Mistake
  /// The pointer as written.
  public var object: String
  /// The function that releases it.
  public var callee: String
  /// What that function releases.
  public var family: ResourceFamily
  /// The function that it comes from, or the object that the pointer leads into; may be empty.
  public var source: String
  /// Bytes from the start of the object to where the pointer leads, where that is the mistake.
  public var distance: Int64?
  /// Whether every value on the path is wrong.
  public var isAlways: Bool
  /// Whether no condition on the way looks at memory that may say which family it is.
  public var isAssured = true
}

/// A resource that nobody holds any longer.
public struct LeakObservation: Sendable, Hashable, Codable {
  /// The variable that held it; empty where it has no name.
  public var object: String
  /// The function that it comes from.
  public var source: String
  /// What kind of resource it is.
  public var family: ResourceFamily
  /// Whether the function releases it or hands it on elsewhere, and no condition on the way looks at
  /// memory that may say who holds it.
  public var isAssured: Bool
}

/// An index that is held against the size of its array after it was used.
public struct LateCheckObservation: Sendable, Hashable, Codable {
  /// The array as a person would name it.
  public var object: String
  /// Its elements.
  public var count: Int64
  /// The index as written.
  public var index: String
  /// The condition as written.
  public var check: String
  /// Where the condition is.
  public var checkLocation: Location
  /// Whether the use is a write.
  public var isWrite: Bool
}

/// The size of a pointer, taken for that of what it leads to.
public struct MeasuredPointerObservation: Sendable, Hashable, Codable {
  /// What the size is taken for.
  public enum Use: Sendable, Hashable, Codable {
    /// The bytes that a call writes or reads through the pointer.
    case bytes
    /// The memory that the pointer gets.
    case allocation
    /// The elements of an array, when divided by the size of one.
    case count
  }

  /// What it is taken for.
  public var use: Use
  /// The type of the pointer.
  public var type: String
  /// The size as written.
  public var expression: String
  /// The function that takes it; empty for a division.
  public var callee: String
  /// Bytes of the pointer.
  public var pointerSize: Int64
  /// Bytes of one object of the type that it leads to; 0 where that is not known.
  public var objectSize: Int64
}

/// Memory that is too small for the type that it gets.
public struct ShortAllocationObservation: Sendable, Hashable, Codable {
  /// The allocator.
  public var callee: String
  /// The bytes that are asked for, at most.
  public var size: Int64
  /// Bytes of one object of the type.
  public var objectSize: Int64
  /// The type.
  public var type: String
  /// Whether it is a structure whose first member has room.
  public var holdsFirst: Bool
}

/// The address of a local in what outlives it.
public struct EscapeObservation: Sendable, Hashable, Codable {
  /// The local; empty for memory of the frame without a name.
  public var object: String
  /// What holds the address; empty where the function returns it.
  public var holder: String
}

/// Bytes without a value that are read or sent.
public struct UninitialisedObservation: Sendable, Hashable, Codable {
  /// The object as a person would name it.
  public var object: String
  /// Whether the bytes leave the program.
  public var isOutput: Bool
  /// Whether a user of the kernel gets them.
  public var isLeak = false
  /// The function that reads them; empty for a plain read.
  public var callee: String
  /// The first byte without a value, from 0 at the start of the object.
  public var first: Int64
  /// How many follow each other.
  public var count: Int64
  /// Bytes that are read or sent; 0 for a whole local.
  public var total: Int64
  /// Whether the bytes lie between the members of a struct.
  public var isPadding: Bool
  /// Whether nothing on the path leaves room for a reason why they have a value.
  public var isAssured: Bool
}

/// A number that decides how far an access goes, and that the function holds against nothing.
public struct UncheckedObservation: Sendable, Hashable, Codable {
  /// What it is.
  public enum Role: UInt8, Sendable, Hashable, Codable {
    /// How much is copied into an object of fixed size.
    case length
    /// An index into an array of fixed size.
    case index
    /// What is left up to an end that may have been passed.
    case difference
    /// An unsigned number from elsewhere less a constant that may be larger.
    case remainder
    /// The distance of two pointers, which is negative on a path.
    case distance
  }

  /// What it is.
  public var role: Role
  /// The function that takes it; empty for an operator.
  public var callee: String
  /// The number as written.
  public var expression: String
  /// The object as a person would name it; empty where there is none.
  public var object: String
  /// Bytes or, of an index, elements of the object; of a remainder what is subtracted; of a distance its
  /// value.
  public var size: Int64
  /// Who supplies the number: the call or the parameter as written.
  public var source: String
  /// Whether `source` is a call.
  public var isFromCall: Bool
}

/// An access through a pointer that is null, or that its source says can be.
public struct NullObservation: Sendable, Hashable, Codable {
  /// Where the null pointer comes from.
  public enum Reason: Sendable, Hashable, Codable {
    /// It is assigned, or a function returns nothing else.
    case assigned
    /// A condition of the function holds for null only.
    case tested
    /// A function of the program returns null on some of its paths.
    case answered
    /// An allocator can fail.
    case allocated
  }

  /// The pointer as written.
  public var object: String
  /// Where the null pointer comes from.
  public var reason: Reason
  /// The condition, or the function that returns it; empty for a plain assignment.
  public var cause: String
  /// The function that accesses the memory; empty for a plain access.
  public var callee: String
  /// Whether nothing on the path leaves room for a reason why it is not null.
  public var isAssured: Bool
}

/// Bytes of the user's that were fetched twice: the first copy was judged, the second is used.
public struct DoubleFetchObservation: Sendable, Hashable, Codable {
  /// What was decided by the first copy.
  public enum Decision: String, Sendable, Hashable, Codable {
    /// It was compared for equality.
    case equality
    /// It was held against a bound.
    case bound
    /// So much memory was allocated or copied.
    case size
  }

  /// What the second copy is used for.
  public enum Use: String, Sendable, Hashable, Codable {
    case index, size, loopBound, argument, store
    /// The whole copy goes to a function that may use it.
    case object
  }

  /// What is used, as written.
  public var object: String
  /// The function that fetches it again.
  public var fetcher: String
  /// The function that uses it; empty for a plain use.
  public var callee: String
  /// What was decided by the first copy.
  public var decision: Decision
  /// What the second copy is used for.
  public var use: Use
}

/// An access through a pointer that is an address of the user's.
public struct UserPointerObservation: Sendable, Hashable, Codable {
  /// The pointer as written.
  public var object: String
  /// The function that takes it as an address of the user's.
  public var taker: String
  /// The function that accesses the memory; empty for a plain access.
  public var callee: String
  /// Whether the access comes first.
  public var isBefore: Bool
  /// Whether `taker` is the table that the function is an entry of.
  public var isPromised = false
}

/// An access through a pointer that is an error number, or may be one.
public struct ErrorPointerObservation: Sendable, Hashable, Codable {
  /// The pointer as written.
  public var object: String
  /// The function that returned it; empty where the function itself made it.
  public var cause: String
  /// The function that accesses the memory; empty for a plain access.
  public var callee: String
  /// Whether the path shows that it is an error number; else nothing has asked.
  public var isError: Bool
  /// Whether the path asked whether it is null, which such a pointer never is.
  public var isNullTested: Bool
  /// Whether nothing leaves room for a reason why it is none.
  public var isAssured: Bool
}

/// An address of the kernel that is printed as it is.
public struct RevealedPointerObservation: Sendable, Hashable, Codable {
  /// The pointer, or the number made of it, as written.
  public var object: String
  /// The conversion that prints it.
  public var conversion: String
  /// The function that prints.
  public var callee: String
  /// Whether it is the address of an object for certain.
  public var isAssured: Bool
}

/// A lock that is held, or free, where it should not be.
public struct LockObservation: Sendable, Hashable, Codable {
  /// What is wrong.
  public var mistake: LockMistake
  /// The lock as written; empty where it has no name.
  public var object: String
  /// The function that takes it or gives it back here; where it is left, the one that took it.
  public var callee: String
  /// The function that took it or gave it back before.
  public var cause: String
  /// Whether nothing on the path leaves room for a reason why it is meant so.
  public var isAssured: Bool
  /// Whether the state that was saved when it was taken is lost with the function's locals, so that nobody can give
  /// it back as it was.
  public var isStateLost = false
}

/// What is wrong with a number.
public enum SizeDefect: UInt8, Sendable, Hashable, Codable {
  /// It is negative and taken as a size.
  case negative
  /// Memory of any size that somebody outside chooses is asked for.
  case allocation
  /// It wrapped before memory of that size is asked for.
  case wrapsAllocation
  /// It divides and can be zero.
  case divisor
  /// It shifts by a negative number or by the width of the type or more.
  case shift
  /// It leaves its type.
  case overflow
  /// A narrower type does not hold it.
  case truncation
  /// It is how often a loop runs, and somebody outside chooses it.
  case loopBound
}

/// A number that cannot be meant.
public struct SizeObservation: Sendable, Hashable, Codable {
  /// What is wrong with it.
  public var defect: SizeDefect
  /// The library function that takes it; empty for an operator.
  public var callee: String
  /// The expression as it is used.
  public var expression: String
  /// The expression that its type could not hold.
  public var computed: String
  /// Its mathematical value that shows the defect.
  public var worst: Int128
  /// The width of its type in bits.
  public var bits: Int
  /// Where the bound comes from.
  public var source: BoundSource
  /// The call that brings it in, where somebody outside chooses it; else empty.
  public var input: String
  /// Whether that call reads bytes, and not lines of text or a setting.
  public var isBytes: Bool
  /// Whether `callee` asks for memory.
  public var isAllocation: Bool
  /// Whether it is a floating number.
  public var isFloating = false
  /// Whether code that is not seen may have checked what comes from outside.
  public var isBelieved = false
}

/// Something that the analysis saw and a rule may report.
public struct Observation: Sendable, Hashable, Codable {
  /// What it is.
  public enum Kind: Sendable, Hashable, Codable {
    /// An access that leaves its object.
    case access(AccessObservation)
    /// A string use of an array that may lack its terminator.
    case unterminated(UnterminatedObservation)
    /// The use of an object after its release.
    case released(ReleasedObservation)
    /// A release of what may not be released so.
    case invalidRelease(InvalidReleaseObservation)
    /// A resource that nobody holds any longer when the function returns.
    case leak(LeakObservation)
    /// The address of a local in what outlives it.
    case escape(EscapeObservation)
    /// An index that is checked after its use.
    case lateCheck(LateCheckObservation)
    /// The size of a pointer, taken for that of an object or an array.
    case measuredPointer(MeasuredPointerObservation)
    /// Memory that is too small for its type.
    case shortAllocation(ShortAllocationObservation)
    /// A call of an unsafe function that is not proven to fit.
    case unsafeCall(UnsafeCallObservation)
    /// A number that cannot be meant.
    case size(SizeObservation)
    /// A number that is held against nothing.
    case unchecked(UncheckedObservation)
    /// A bound of a string function that does not protect the destination.
    case bound(BoundObservation)
    /// A format that text from outside chooses.
    case format(FormatObservation)
    /// Bytes without a value are read or sent.
    case uninitialised(UninitialisedObservation)
    /// An access through a pointer that is null.
    case null(NullObservation)
    /// Something questionable that touches no memory out of place.
    case concern(ConcernObservation)
    /// An access to the user's memory.
    case userPointer(UserPointerObservation)
    /// A second copy of the user's bytes that is used as if it were the first.
    case doubleFetch(DoubleFetchObservation)
    /// An access through an error number.
    case errorPointer(ErrorPointerObservation)
    /// An address of the kernel that users can read.
    case revealed(RevealedPointerObservation)
    /// A lock that is held, or free, where it should not be.
    case lock(LockObservation)
  }

  /// What it is.
  public var kind: Kind
  /// How sure it is.
  public var judgement: Judgement
  /// The function.
  public var function: FunctionID
  /// The place.
  public var origin: OriginID
  /// The path that argues it, in the order of execution.
  public var steps: [Step]
  /// Names and values that make it happen, in the order of the path.
  public var witness: [WitnessValue]
  /// The function that is called at the place and in which it happens; empty where it happens there.
  public var callee = ""
  /// Whether it rests on which functions the program stores in a member of a struct: likely at best.
  public var isThroughMember = false
}

/// An expression and its value in a witness.
public struct WitnessValue: Sendable, Hashable, Codable {
  /// The expression as written.
  public var name: String
  /// Its value.
  public var value: Int128
}
