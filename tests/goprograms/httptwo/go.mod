module nodespan/goprograms/httptwo

go 1.26.0

require (
	golang.org/x/net v0.60.0
	nodespan/goprograms v0.0.0
)

require golang.org/x/text v0.42.0 // indirect

replace nodespan/goprograms => ../
