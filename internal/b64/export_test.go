package b64

// WithoutBlocks does something as processors without AVX2 do it.
func WithoutBlocks(do func()) {
	was := useBlocks
	useBlocks = false
	defer func() { useBlocks = was }()
	do()
}
