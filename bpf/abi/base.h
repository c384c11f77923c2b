/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every file of the contract needs: fixed-width integers and assertions, for both compilers. */
#ifndef NODESPAN_ABI_BASE_H
#define NODESPAN_ABI_BASE_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define NS_ASSERT(cond) static_assert(cond, #cond)
#else
#include <stddef.h>
#include <stdint.h>
#define NS_ASSERT(cond) _Static_assert(cond, #cond)
#endif

#define NODESPAN_ABI_VERSION 11

#endif /* NODESPAN_ABI_BASE_H */
