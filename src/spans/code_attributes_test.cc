// SPDX-License-Identifier: Apache-2.0
#include "spans/code_attributes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<model::Attribute> AttributesOf(const model::CodeLocation* handler) {
  std::vector<model::Attribute> attributes;
  AddHandler(handler, attributes);
  return attributes;
}

TEST(CodeAttributesTest, AHandlerHasItsNameItsFileAndItsLine) {
  const model::CodeLocation handler{"main.(*shop).order", "/src/shop/order.go", 42};
  EXPECT_THAT(AttributesOf(&handler), ElementsAre(model::Attribute{"code.function.name", "main.(*shop).order"},
                                                  model::Attribute{"code.file.path", "/src/shop/order.go"},
                                                  model::Attribute{"code.line.number", int64_t{42}}));
}

TEST(CodeAttributesTest, WhatIsNotKnownIsLeftOut) {
  EXPECT_THAT(AttributesOf(nullptr), IsEmpty());
  const model::CodeLocation wrapper{"main.(*shop).order-fm", "", 0};
  EXPECT_THAT(AttributesOf(&wrapper), ElementsAre(model::Attribute{"code.function.name", "main.(*shop).order-fm"}));
}

TEST(CodeAttributesTest, WhatOnlyHandsRequestsOnIsNoHandler) {
  for (const char* name :
       {"net/http.(*timeoutHandler).ServeHTTP", "net/http.StripPrefix.func1", "net/http.(*ServeMux).ServeHTTP",
        "github.com/go-chi/chi/v5.(*Mux).Mount.func1", "github.com/gin-gonic/gin.(*Engine).ServeHTTP",
        "github.com/labstack/echo/v4.WrapHandler.func1"}) {
    const model::CodeLocation location{name, "/x.go", 1};
    EXPECT_FALSE(IsHandler(location)) << name;
    EXPECT_THAT(AttributesOf(&location), IsEmpty()) << name;
  }
  for (const char* name : {"net/http.(*fileHandler).ServeHTTP", "net/http.NotFound", "main.main.func1",
                           "net/http.(*ServeMux).ServeHTTPS", "main.net/http.StripPrefix.func1"}) {
    EXPECT_TRUE(IsHandler({name, "/x.go", 1})) << name;
  }
  EXPECT_FALSE(IsHandler({"", "/x.go", 1}));
}

TEST(CodeAttributesTest, AClosureOfALibraryThatWasInlinedIsNoHandlerOfTheProgram) {
  EXPECT_FALSE(IsHandler({"main.main.StripPrefix.func1", "/usr/local/go/src/net/http/server.go", 1}));
  EXPECT_FALSE(IsHandler({"main.main.func1", "net/http/server.go", 1})) << "built with -trimpath";
  EXPECT_FALSE(IsHandler({"main.main.WrapH.func2", "/go/pkg/mod/github.com/gin-gonic/gin@v1.12.0/utils.go", 1}));
  EXPECT_TRUE(IsHandler({"net/http.NotFound", "/usr/local/go/src/net/http/server.go", 1}));
  EXPECT_TRUE(IsHandler({"main.main.func1", "/src/internal/http/server.go", 1}));
}

TEST(CodeAttributesTest, NamesOfATracedProcessAreMadeValidUtf8) {
  const model::CodeLocation handler{"main.\xff", "/\xfe.go", 1};
  EXPECT_THAT(AttributesOf(&handler), ElementsAre(model::Attribute{"code.function.name", "main.\xEF\xBF\xBD"},
                                                  model::Attribute{"code.file.path", "/\xEF\xBF\xBD.go"},
                                                  model::Attribute{"code.line.number", int64_t{1}}));
}

}  // namespace
}  // namespace nodespan::spans
