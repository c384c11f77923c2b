module nodespan.io/tests/dwarfcheck

go 1.21
