package b64

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// useBlocks says that the processor has AVX2.
var useBlocks = cpu.X86.HasAVX2

// decodeAVX2 decodes blocks of 32 letters to 24 bytes each, up to the first that has another byte. It stores 32 bytes for each: dst has room for eight more than come of them.
//
//go:noescape
func decodeAVX2(dst, src *byte, blocks int) (done int)

// lettersAVX2 counts the blocks of 32 letters up to the first that has another byte.
//
//go:noescape
func lettersAVX2(src *byte, blocks int) (done int)

// decodeBlocks decodes whole blocks, as far as they are letters only, and gives their number.
func decodeBlocks(dst []byte, src string) int {
	n := min(len(src)/blockLetters, (len(dst)-8)/blockBytes)
	if !useBlocks || n <= 0 {
		return 0
	}
	return decodeAVX2(unsafe.SliceData(dst), unsafe.StringData(src), n) //nolint:gosec // n blocks are within both
}

// letterBlocks gives how many blocks at the beginning are letters only.
func letterBlocks(src string) int {
	n := len(src) / blockLetters
	if !useBlocks || n == 0 {
		return 0
	}
	return lettersAVX2(unsafe.StringData(src), n) //nolint:gosec // n blocks are within it
}
