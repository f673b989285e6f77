// SPDX-License-Identifier: Apache-2.0

// What second looks ask of the first ones, and how it is recorded.

import Findings
import IR

/// What the first look at the functions of a program found, as second looks ask for it.
struct FirstLooks: Sendable {
  /// Kinds of what was found, by unit and origin, ascending.
  private var seen: [FirstLooks.Spot: [Int]] = [:]
  /// Where callees make accesses that were judged at calls; digests of locations.
  private var judged: Set<Digest> = []
  /// Calls that get what was seen lost; digests of locations.
  private var lost: Set<Digest> = []
  /// Where callees make accesses to members that a payload may follow, as far as they know, by step: what the
  /// caller knows of the object decides.
  private(set) var trailing: [[Location: SecondLook.Place]] = []

  private struct Spot: Hashable, Sendable {
    var unit: Int
    var origin: OriginID
  }

  init(_ steps: [AnalysisStep], _ outcomes: [Outcome]) {
    for (step, outcome) in zip(steps, outcomes) {
      var open: [Location: SecondLook.Place] = [:]
      for observation in outcome.result.observations {
        let place = SecondLook.Located(function: step.key, observation: observation).place
        let spot = Spot(unit: place.module, origin: place.origin)
        if seen[spot]?.contains(place.kind) != true {
          seen[spot, default: []].append(place.kind)
          seen[spot]?.sort()
        }
        if case .leak = observation.kind, let cause = observation.steps.first {
          lost.insert(Self.digest(of: cause.location))
        }
        guard case .access(let access) = observation.kind, access.isInCallee else { continue }
        if access.isTrailing, let last = observation.steps.last {
          open[last.location] = place
        } else {
          for step in observation.steps { judged.insert(Self.digest(of: step.location)) }
        }
      }
      trailing.append(open)
    }
  }

  static func digest(of location: Location) -> Digest {
    Digest(of: RecordEncoder.bytes(of: location))
  }

  /// The answer to a question about a place.
  func isThere(_ question: Question) -> Bool {
    let place = Digest(high: question.first, low: question.second)
    return question.kind == .judged ? judged.contains(place) : lost.contains(place)
  }

  /// The kinds of what was found at an origin.
  func kinds(at unit: Int, _ origin: OriginID) -> [Int] {
    seen[Spot(unit: unit, origin: origin)] ?? []
  }

  /// The same as an answer.
  func kinds(at unit: Int, _ origin: OriginID) -> Digest {
    let kinds: [Int] = kinds(at: unit, origin)
    return kinds.isEmpty ? .zero : Digest(of: RecordEncoder.bytes(of: kinds))
  }

  /// Whether something of that kind was found at a place.
  func contains(_ place: SecondLook.Place) -> Bool {
    let kinds: [Int] = kinds(at: place.module, place.origin)
    return kinds.contains(place.kind)
  }
}

/// Questions that a second look asks by itself.
struct AskedFacts {
  private(set) var facts: [Fact] = []
  private var asked: Set<Question> = []
  /// Whether they are about places in the code of other units.
  var isAboutPlaces = false

  /// Adds a question that was not asked before.
  mutating func add(_ question: Question, _ answer: () -> Digest) {
    guard asked.insert(question).inserted else { return }
    facts.append(Fact(question: question, answer: answer()))
  }

  /// Whether the first look found something of that kind at a place.
  mutating func isThere(
    _ kind: Question.Kind, _ location: Location, _ first: FirstLooks
  ) -> Bool {
    let place = FirstLooks.digest(of: location)
    let question = Question(kind: kind, first: place.high, second: place.low)
    let answer = first.isThere(question)
    add(question) { Digest(answer) }
    return answer
  }

  /// The kinds of what the first look found at an origin.
  mutating func kinds(at unit: Int, _ origin: OriginID, _ first: FirstLooks) -> [Int] {
    add(Question(kind: .seen, unit: unit, row: origin.index)) { first.kinds(at: unit, origin) }
    return first.kinds(at: unit, origin)
  }
}

extension SecondLook {
  /// Adds what second looks found to the results of the first ones, each defect once, and takes away what
  /// they refute.
  func merge(_ looks: [Result], into results: inout [[FunctionResult?]]) {
    for (step, look) in zip(steps, looks) {
      let row = Int(step.key.function.index)
      results[step.key.module][row]?.steps += look.steps
      guard !look.refuted.isEmpty else { continue }
      results[step.key.module][row]?.observations.removeAll {
        look.refuted.contains(Located(function: step.key, observation: $0).place)
      }
    }
    // What one look refutes and finds itself takes the place of what the first look said.
    let replaced = Set(
      looks.lazy.flatMap { look in
        look.found.lazy.map(\.place).filter { look.refuted.contains($0) }
      })
    var added: Set<Place> = []
    func isSeen(_ place: Place) -> Bool {
      first.contains(place) && !replaced.contains(place) || added.contains(place)
    }
    // What is reported where it happens is not reported at calls as well.
    for isMoved in [false, true] {
      for located in looks.lazy.flatMap(\.found) where (located.origin != nil) == isMoved {
        if let origin = located.origin, isSeen(origin) { continue }
        guard !isSeen(located.place), added.insert(located.place).inserted else { continue }
        let key = located.function
        results[key.module][Int(key.function.index)]?.observations.append(located.observation)
      }
    }
  }
}

extension SecondLook.Result {
  /// The stored form; `row` gives the row of a unit in the table of the unit that keeps it.
  func stored(_ row: (Int) -> Int) -> ArraySlice<UInt8> {
    guard !found.isEmpty || !refuted.isEmpty else { return [] }
    func spot(_ place: SecondLook.Place) -> StoredLook.Spot {
      StoredLook.Spot(unit: row(place.module), origin: place.origin, kind: place.kind)
    }
    var look = StoredLook()
    for located in found {
      look.found.append(
        StoredLook.Found(
          unit: row(located.function.module), function: located.function.function,
          observation: located.observation, origin: located.origin.map(spot)))
    }
    look.refuted = refuted.map(spot)
    return ArraySlice(RecordEncoder.bytes(of: look))
  }
}
