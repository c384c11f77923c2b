// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// refuse makes the broker answer the next requests to produce with an error after which producers try again, if it is the
// one in this process; false: it is not.
func (w *world) refuse(times int) bool {
	if w.fake == nil {
		return false
	}
	for i := 0; i < times; i++ {
		w.fake.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
			return refusal(request.(*kmsg.ProduceRequest)), nil, true
		})
	}
	return true
}

func refusal(request *kmsg.ProduceRequest) *kmsg.ProduceResponse {
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	for _, sent := range request.Topics {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic = sent.Topic
		for _, part := range sent.Partitions {
			partition := kmsg.NewProduceResponseTopicPartition()
			partition.Partition, partition.ErrorCode = part.Partition, kerr.RequestTimedOut.Code
			topic.Partitions = append(topic.Partitions, partition)
		}
		response.Topics = append(response.Topics, topic)
	}
	return response
}
