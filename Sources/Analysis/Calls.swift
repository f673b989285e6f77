// SPDX-License-Identifier: Apache-2.0

// Calls: by the model of a library function, else by what unseen code could do.

import IR

extension Machine {
  mutating func call(_ call: Call, at value: ValueID, _ state: inout State) -> AbstractValue {
    let result = callTarget(call, at: value, &state)
    if !attributeTables.isEmpty { handAttributes(call, &state) }
    return result
  }

  private mutating func callTarget(
    _ call: Call, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    var target: FunctionID?
    switch call.callee {
    case .function(let function): target = function
    case .indirect(let address):
      if case .function(let function) = registers[Int(address.index)] { target = function }
      if mode == .explore { indirectTargets[value] = .some(target) }
    }
    let arguments = Array(body.values(call.arguments))
    checkDifferences(arguments, at: value, state)
    if let target {
      checkConcerns(target, arguments, at: value, state)
      if facts.neverReturns(target, in: module) {
        isDead = true
        return .unknown
      }
      if let summary = facts.summary(of: target, in: module), call.resultObject == nil {
        if !state.fetches.again.isEmpty { useFetched(passing: arguments, at: value, &state) }
        return apply(summary, arguments, at: value, &state)
      }
      if let model = models[Int(target.index)], !model.isUnseen,
        module.functions[target].body == nil || model.isInstead
      {
        return apply(model, module.functions[target], arguments, at: value, &state)
      }
      useFormat(module.functions[target], arguments, at: value, &state)
    }
    if !state.fetches.again.isEmpty { useFetched(passing: arguments, at: value, &state) }
    if target == nil, case .indirect(let address) = call.callee, call.resultObject == nil,
      let summary = summary(ofCallThrough: address, arguments)
    {
      passMember(&state)
      return apply(summary, arguments, at: value, &state)
    }
    if mode == .replay {
      state.unseenCalls = state.conditions.count
      if !state.trail.isEmpty { state.trail[state.trail.count - 1].callsUnseen = true }
    }
    if let target {
      let required = module.functions[target].nonNullArguments
      dereferenceArguments(required, arguments, at: value, &state)
    }
    forgetNulls(arguments, &state)
    forgetLocks(
      calling: target == nil
        ? module.text(of: body.instructions[value].origin) : calleeName(value), arguments,
      at: value,
      &state)
    let before = state
    for argument in arguments {
      share(registers[Int(argument.index)], &state)
      for region in objects(leadBy: registers[Int(argument.index)]) { escape(region, &state) }
    }
    if let object = call.resultObject { clobber(object, &state) }
    havoc(&state)
    if let target {
      believe(module.functions[target], arguments, since: before, at: value, &state)
    }
    guard let target else { return unknownValue(value, &state) }
    let result = declaredResult(module.functions[target], arguments, at: value, &state)
    guard let model = models[Int(target.index)], model.isUnseen,
      module.functions[target].body == nil
    else { return result }
    return noteError(result, model, by: value, &state)
  }

  /// What the attributes of a function promise of its result.
  mutating func declaredResult(
    _ function: Function, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let isFresh = function.attributes.contains(.allocates)
    guard type(of: value).isPointer, isFresh || function.attributes.contains(.returnsNonNull)
    else { return unknownValue(value, &state) }
    var size: LinearForm?
    let factors = function.allocationSize.filter { Int($0) < arguments.count }
    if isFresh, let first = factors.first {
      size = form(arguments[Int(first)])
      if factors.count > 1 {
        size = product(size, form(arguments[Int(factors[1])]))
      }
    }
    let region = universe.region(of: value, isHeap: isFresh, size: size)
    renew(region, &state)
    return .pointer(
      region, offset: .zero, inside: .none,
      mayBeNull: !function.attributes.contains(.returnsNonNull))
  }

  func product(_ left: LinearForm?, _ right: LinearForm?) -> LinearForm? {
    guard let left, let right else { return nil }
    if right.isConstant { return left.scaled(by: right.constant) }
    return left.isConstant ? right.scaled(by: left.constant) : nil
  }
}
