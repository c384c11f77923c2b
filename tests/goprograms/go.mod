module nodespan/goprograms

go 1.22
