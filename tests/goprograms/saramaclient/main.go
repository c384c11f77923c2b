// SPDX-License-Identifier: Apache-2.0

// saramaclient produces with IBM/sarama, or with it under its old path, against a broker in the same process, and prints
// the spans that must come. Topics are named by the ids of the operations. See truth.Main for flags and output;
// NODESPAN_TEST_KAFKA (host:port) names a real broker instead, which has no topics yet and does not create them by itself.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"nodespan/goprograms/truth"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"

	topics     = 80 // per scenario
	partitions = 3
	limit      = 20 * time.Second
	pause      = 20 * time.Millisecond

	recordedLinks = 24 // of one call; NS_KAFKA_MAX_LINK_COUNT of bpf/abi/records.h
)

var (
	topicScenarios = []string{"produce", "failure", "handler", "storm", "async", "hits", "consume"}
	missing        = map[string]bool{"failure-00001": true, "async-00001": true} // topics that there are not
)

type world struct {
	*truth.Handlers
	journal *truth.Journal
	broker  string
	fake    *kfake.Cluster // the broker in this process; nil: it is another one
}

func main() { truth.Main("saramaclient", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, broker: os.Getenv("NODESPAN_TEST_KAFKA")}
	if w.broker == "" {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topicNames()...))
		if err != nil {
			return "", nil, err
		}
		w.fake, w.broker = cluster, cluster.ListenAddrs()[0]
	} else if err := createTopics(w.broker, topicNames()); err != nil {
		return "", nil, err
	}
	var err error
	if w.Handlers, err = truth.ServeHandlers(journal); err != nil {
		return "", nil, err
	}
	return w.Address, append([]truth.Scenario{
		{Name: "failure", Run: w.failures}, // the first topics of this one and of "async" do not exist
		{Name: "produce", Run: w.produce},
		{Name: "handler", Run: w.inHandler},
		{Name: "storm", Run: w.storm},
		{Name: "hits", Run: w.many},
		{Name: "consume", Run: w.consume},
	}, w.asyncScenarios()...), nil
}

func topicNames() []string {
	var names []string
	for _, scenario := range topicScenarios {
		for i := 1; i <= topics; i++ {
			if name := fmt.Sprintf("%s-%05d", scenario, i); !missing[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// createTopics returns when all of them have leaders: a broker says that it has made a topic before it serves it.
func createTopics(broker string, names []string) error {
	admin, err := newClusterAdmin([]string{broker}, settings(nil))
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, name := range names {
		if err := admin.CreateTopic(name, &topicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false); err != nil {
			return err
		}
	}
	client, err := newClient([]string{broker}, settings(nil))
	if err != nil {
		return err
	}
	defer client.Close()
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		err := client.RefreshMetadata(names...)
		for _, name := range names {
			for partition := int32(0); partition < partitions && err == nil; partition++ {
				_, err = client.Leader(name, partition)
			}
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// settings of all producers, with what one of them has different.
func settings(change func(*config)) *config {
	c := newConfig()
	c.Version = version
	c.ClientID = "sender-of-the-test"
	c.Metadata.Retry.Max = 1
	c.Metadata.Retry.Backoff = pause
	c.Producer.Retry.Max = 1
	c.Producer.Retry.Backoff = pause
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = waitForAll
	if change != nil {
		change(c)
	}
	return c
}
