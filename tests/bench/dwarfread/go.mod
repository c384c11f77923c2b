module nodespan.io/tests/dwarfread

go 1.21
