// SPDX-License-Identifier: Apache-2.0

// How netlink's attributes and policies are laid out: include/uapi/linux/netlink.h (struct nlattr), kernel-doc of
// struct nla_policy in include/net/netlink.h, and what validate_nla() in lib/nlattr.c makes of each type. The numbers
// of the types have been the same since Linux 2.6; later ones were added behind them.

import Analysis

private typealias Kind = AttributeFormat.Kind

/// The length and the type are 16 bits each, and the length counts both.
let netlinkAttributes = AttributeFormat(
  lengthSize: 2, header: 4, type: "type", validation: "validation_type", length: "len", low: "min",
  high: "max", strictFrom: "strict_start_type", policy: "policy",
  kinds: [
    // NLA_UNSPEC
    0: Kind(length: .least),
    // NLA_U8, NLA_U16, NLA_U32, NLA_U64
    1: Kind(width: 1, least: 1, length: .least),
    2: Kind(width: 2, least: 2, length: .least),
    3: Kind(width: 4, least: 4, length: .least),
    4: Kind(width: 8, least: 8, length: .least),
    // NLA_STRING
    5: Kind(least: 1, length: .text),
    // NLA_FLAG
    6: Kind(most: 0),
    // NLA_MSECS
    7: Kind(width: 8, least: 8, length: .least),
    // NLA_NUL_STRING
    10: Kind(least: 1, length: .text),
    // NLA_BINARY
    11: Kind(length: .most),
    // NLA_S8, NLA_S16, NLA_S32, NLA_S64
    12: Kind(width: 1, isSigned: true, least: 1, length: .least),
    13: Kind(width: 2, isSigned: true, least: 2, length: .least),
    14: Kind(width: 4, isSigned: true, least: 4, length: .least),
    15: Kind(width: 8, isSigned: true, least: 8, length: .least),
    // NLA_BITFIELD32
    16: Kind(least: 8, most: 8),
    // NLA_BE16, NLA_BE32
    18: Kind(width: 2, isNative: false, least: 2, length: .least),
    19: Kind(width: 4, isNative: false, least: 4, length: .least),
  ])
