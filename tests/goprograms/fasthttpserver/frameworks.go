// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"

	"nodespan/goprograms/truth"
)

// frameworkSite is a framework with its routes and the visits to them.
type frameworkSite struct {
	name string
	make func() (serve func(net.Listener) error, visits []visit)
}

var frameworkSites = []frameworkSite{{"fibertwo", fiberTwo}}

func frameworks(journal *truth.Journal) ([]truth.Scenario, error) {
	var scenarios []truth.Scenario
	for _, site := range frameworkSites {
		site := site
		serve, visits := site.make()
		s, err := listen(journal, serve)
		if err != nil {
			return nil, err
		}
		scenarios = append(scenarios, truth.Scenario{Name: site.name, Run: func() { s.all(site.name, visits) }})
	}
	return scenarios, nil
}
