// SPDX-License-Identifier: Apache-2.0
// Calls a container runtime for the tests: `cri_call SOCKET` reads lines "METHOD JSON" and answers each with a line of
// JSON, {"ok": RESPONSE} or {"error": TEXT, "code": NUMBER}. It ends with its input.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cri_node.pb.h"

namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

constexpr auto kCallTime = std::chrono::seconds(30);

struct Answer {
  grpc::Status status;
  std::string json;
};

grpc::Status Invalid(const std::string& what) { return {grpc::StatusCode::INVALID_ARGUMENT, what}; }

grpc::ByteBuffer ToBuffer(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

Answer Call(grpc::GenericStub& stub, const MethodDescriptor& method, const std::string& json) {
  const std::unique_ptr<Message> request(MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
  const std::unique_ptr<Message> response(
      MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
  if (const auto parsed = google::protobuf::util::JsonStringToMessage(json, request.get()); !parsed.ok()) {
    return {Invalid(parsed.ToString()), ""};
  }
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTime);
  context.set_wait_for_ready(true);  // a runtime that starts again is waited for
  grpc::CompletionQueue queue;
  const auto call =
      stub.PrepareUnaryCall(&context, "/runtime.v1.RuntimeService/" + method.name(), ToBuffer(*request), &queue);
  call->StartCall();
  grpc::ByteBuffer bytes;
  Answer answer;
  call->Finish(&bytes, &answer.status, nullptr);
  void* tag = nullptr;
  bool done = false;
  queue.Next(&tag, &done);
  if (!answer.status.ok()) {
    return answer;
  }
  grpc::Slice slice;
  if (!bytes.DumpToSingleSlice(&slice).ok() ||
      !response->ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
    answer.status = grpc::Status(grpc::StatusCode::DATA_LOSS, "the answer cannot be read");
    return answer;
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  (void)google::protobuf::util::MessageToJsonString(*response, &answer.json, options);
  return answer;
}

Answer CallLine(grpc::GenericStub& stub, const std::string& line) {
  const size_t space = line.find(' ');
  const std::string name = line.substr(0, space);
  const MethodDescriptor* method = nodespan::cri_node::Empty::descriptor()->file()->service(0)->FindMethodByName(name);
  if (method == nullptr) {
    return {Invalid("no method " + name), ""};
  }
  return Call(stub, *method, space == std::string::npos ? "{}" : line.substr(space + 1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: cri_call SOCKET\n";
    return 2;
  }
  grpc::GenericStub stub(grpc::CreateChannel("unix://" + std::string(argv[1]), grpc::InsecureChannelCredentials()));
  std::string line;
  while (std::getline(std::cin, line)) {
    const Answer answer = CallLine(stub, line);
    if (answer.status.ok()) {
      std::cout << R"({"ok":)" << answer.json << "}" << std::endl;
    } else {
      const nlohmann::json error = {{"error", answer.status.error_message()}, {"code", answer.status.error_code()}};
      std::cout << error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    }
  }
  return 0;
}
