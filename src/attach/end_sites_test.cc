// SPDX-License-Identifier: Apache-2.0
#include "attach/end_sites.h"

#include "gtest/gtest.h"
