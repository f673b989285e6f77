// SPDX-License-Identifier: Apache-2.0
// Swift sees libclang through the module map beside this file; a C target needs one source file.
