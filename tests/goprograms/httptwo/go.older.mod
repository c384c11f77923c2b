module nodespan/goprograms/httptwo

go 1.22

require (
	golang.org/x/net v0.9.0
	nodespan/goprograms v0.0.0
)

require golang.org/x/text v0.9.0 // indirect

replace nodespan/goprograms => ../
