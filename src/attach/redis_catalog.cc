// SPDX-License-Identifier: Apache-2.0
#include "attach/redis_catalog.h"

namespace nodespan::attach {
namespace {

// Source of all: redis.go; osscluster.go for clusters. What a client calls for a command has had this name in all
// releases; it is an attempt, of which there may be several.
constexpr std::string_view kAttempt = "github.com/redis/go-redis{/vN}.(*baseClient)._process";
constexpr std::string_view kOldAttempt = "github.com/go-redis/redis{/vN}.(*baseClient)._process";
constexpr std::string_view kUsedWhen[] = {kAttempt, kOldAttempt};

// The loop over the attempts. Where clients have a cache (9.23) process calls it for a command that has to be sent.
// Both are left at emulated instructions. The older loop looks at the number of attempts first: a branch that leads to
// a return, and so a hit more for every command.
constexpr std::string_view kProcess[] = {"github.com/redis/go-redis{/vN}.(*baseClient).processWithRetry",
                                         "github.com/redis/go-redis{/vN}.(*baseClient).process"};
constexpr std::string_view kPipeline[] = {"github.com/redis/go-redis{/vN}.(*baseClient).processPipeline"};
constexpr std::string_view kTransaction[] = {"github.com/redis/go-redis{/vN}.(*baseClient).processTxPipeline"};
// Clusters send the parts of a pipeline on goroutines of their own, and not by these functions.
constexpr std::string_view kClusterPipeline[] = {"github.com/redis/go-redis{/vN}.(*ClusterClient).processPipeline"};
constexpr std::string_view kClusterTransaction[] = {
    "github.com/redis/go-redis{/vN}.(*ClusterClient).processTxPipeline"};
// In 9.23 it has a deferred function, which looks at the result. Before, the name is that of a goroutine.
constexpr std::string_view kClusterTransactionDeferred[] = {
    "github.com/redis/go-redis{/vN}.(*ClusterClient).processTxPipeline.func1"};

// In v8 both kinds of pipeline are one function; those that call it are inlined.
constexpr std::string_view kOldProcess[] = {"github.com/go-redis/redis{/vN}.(*baseClient).process"};
constexpr std::string_view kOldPipeline[] = {"github.com/go-redis/redis{/vN}.(*baseClient).generalProcessPipeline"};

constexpr std::string_view kOldClusterPipeline[] = {"github.com/go-redis/redis{/vN}.(*ClusterClient)._processPipeline"};
constexpr std::string_view kOldClusterTransaction[] = {
    "github.com/go-redis/redis{/vN}.(*ClusterClient)._processTxPipeline"};

constexpr int kOnlyError[] = {0, 1};

constexpr Program kStart = Program::kGoRedisStart;
constexpr Program kEnd = Program::kGoRedisEnd;

constexpr DatabaseOperationSpec kOperations[] = {
    {NS_DB_OP_COMMAND, "commands", {kStart, kProcess}, {kEnd, kProcess, {}, kOnlyError, 0}, true},
    {NS_DB_OP_PIPELINE, "pipelines", {kStart, kPipeline}, {kEnd, kPipeline, {}, kOnlyError, 0}, false},
    {NS_DB_OP_PIPELINE, "transactions", {kStart, kTransaction}, {kEnd, kTransaction, {}, kOnlyError, 0}, false},
    {NS_DB_OP_CLUSTER_PIPELINE,
     "pipelines of clusters",
     {kStart, kClusterPipeline},
     {kEnd, kClusterPipeline, {}, kOnlyError, 0},
     false},
    {NS_DB_OP_CLUSTER_PIPELINE,
     "transactions of clusters",
     {kStart, kClusterTransaction},
     {kEnd, kClusterTransaction, kClusterTransactionDeferred, kOnlyError, 0},
     false},
};
constexpr DatabaseOperationSpec kOldOperations[] = {
    {NS_DB_OP_COMMAND, "commands", {kStart, kOldProcess}, {kEnd, kOldProcess, {}, kOnlyError, 0}, true},
    {NS_DB_OP_PIPELINE, "pipelines", {kStart, kOldPipeline}, {kEnd, kOldPipeline, {}, kOnlyError, 0}, false},
    {NS_DB_OP_CLUSTER_PIPELINE,
     "pipelines of clusters",
     {kStart, kOldClusterPipeline},
     {kEnd, kOldClusterPipeline, {}, kOnlyError, 0},
     false},
    {NS_DB_OP_CLUSTER_PIPELINE,
     "transactions of clusters",
     {kStart, kOldClusterTransaction},
     {kEnd, kOldClusterTransaction, {}, kOnlyError, 0},
     false},
};

constexpr RedisModuleSpec kModules[] = {
    {kAttempt, "github.com/redis/go-redis{/vN}.baseClient", "github.com/redis/go-redis{/vN}.baseCmd", kOperations},
    {kOldAttempt, "github.com/go-redis/redis{/vN}.baseClient", "github.com/go-redis/redis{/vN}.baseCmd",
     kOldOperations},
};

constexpr std::string_view kServer[] = {"opt", "Addr"};
constexpr std::string_view kIndex[] = {"opt", "DB"};

// internal/proto: what the server answered, as text. Newer releases have types of their own for some answers.
constexpr DatabaseErrorSpec kErrors[] = {
    {"github.com/redis/go-redis{/vN}/internal/proto.RedisError", "", ""},
    {"github.com/go-redis/redis{/vN}/internal/proto.RedisError", "", ""},
    {"github.com/redis/go-redis{/vN}/internal/proto.LoadingError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.ReadOnlyError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.MovedError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.AskError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.ClusterDownError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.TryAgainError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.MasterDownError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.MaxClientsError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.AuthError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.PermissionError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.ExecAbortError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.OOMError", "", "msg"},
    {"github.com/redis/go-redis{/vN}/internal/proto.NoReplicasError", "", "msg"},
};

}  // namespace

constexpr RedisCatalog kRedisCatalog = {"redis/go-redis", kUsedWhen, kModules,         kServer,
                                        kIndex,           "args",    "[]interface {}", kErrors};

}  // namespace nodespan::attach
