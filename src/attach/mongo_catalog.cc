// SPDX-License-Identifier: Apache-2.0
#include "attach/mongo_catalog.h"

namespace nodespan::attach {
namespace {

// Source: x/mongo/driver, of v2 unless it says otherwise. Of a program that has v1 as well, v2 is traced: the first
// name is exact. Everything that the driver sends goes through Execute since v1.0; what calls it has moved several
// times.
constexpr std::string_view kExecute[] = {"go.mongodb.org/mongo-driver/v2/x/mongo/driver.Operation.Execute",
                                         "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.Operation.Execute"};
constexpr std::string_view kCommand[] = {"go.mongodb.org/mongo-driver/v2/x/mongo/driver.(*Operation).redactCommand",
                                         "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.(*Operation).redactCommand"};

constexpr int kOnlyError[] = {0, 1};

// topology/connection.go
constexpr std::string_view kServer[] = {"connection", "addr"};

constexpr std::string_view kReadWriteCloserType[] = {"mnet.ReadWriteCloser"};
constexpr std::string_view kDeferPointer[] = {"*runtime._defer"};
constexpr std::string_view kDeferredFunctionTypes[] = {"func()", "*runtime.funcval"};  // the latter in Go 1.17
constexpr std::string_view kDocumentsType[] = {"[]bsoncore.Document"};
constexpr std::string_view kErrorType[] = {"error"};

// errors.go
constexpr std::string_view kWriteCommandError = "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.WriteCommandError";
constexpr MongoErrorSpec kErrors[] = {
    {NS_MONGO_ERROR, "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.Error", "", ""},
    {NS_MONGO_WRITE_ERROR, kWriteCommandError, "WriteErrors",
     "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.WriteError"},
    {NS_MONGO_WRITE_CONCERN_ERROR, kWriteCommandError, "WriteConcernError",
     "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.WriteConcernError"},
};

}  // namespace

constexpr MongoCatalog kMongoCatalog = {
    .library = "mongo-driver",
    .used_when = kExecute,
    .execute = kExecute[1],
    // All returns come by runtime.deferreturn, with the error in the frame. Such functions are refused where returns
    // must not be single-stepped; of this one, none is.
    .operation = {NS_DB_OP_COMMAND,
                  "operations",
                  {Program::kMongoStart, kExecute},
                  {Program::kMongoEnd, kExecute, {}, kOnlyError, 0, false, true},
                  true},
    .command = {Program::kMongoCommand, kCommand},
    .deployment = "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.Deployment",
    .own_deployment = "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.SingleConnectionDeployment",
    .conn = "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver/topology.Connection",
    .server = kServer,
    .split_conn = {"go.mongodb.org/mongo-driver{/vN}/x/mongo/driver/mnet.Connection", "ReadWriteCloser",
                   kReadWriteCloserType},
    .first_deferred = {"runtime.g", "_defer", kDeferPointer},
    .deferred_function = {"runtime._defer", "fn", kDeferredFunctionTypes},
    .batches_interface = "go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.OperationBatches",
    .batches = {"go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.Batches", "Documents", kDocumentsType},
    .code = "Code",
    .message = "Message",
    .errors = kErrors,
    .wrapped = {"go.mongodb.org/mongo-driver{/vN}/x/mongo/driver.Error", "Wrapped", kErrorType},
};

}  // namespace nodespan::attach
