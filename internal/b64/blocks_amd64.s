#include "textflag.h"

// The method is that of W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions", ACM Transactions on the Web 12(3), 2018.

// What a byte's lower and upper half allow: a byte is a letter of the alphabet when the two share no bit.
DATA lower<>+0x00(SB)/8, $0x1111111111111115
DATA lower<>+0x08(SB)/8, $0x1A1B1B1B1A131111
DATA lower<>+0x10(SB)/8, $0x1111111111111115
DATA lower<>+0x18(SB)/8, $0x1A1B1B1B1A131111
GLOBL lower<>(SB), RODATA|NOPTR, $32

DATA upper<>+0x00(SB)/8, $0x0804080402011010
DATA upper<>+0x08(SB)/8, $0x1010101010101010
DATA upper<>+0x10(SB)/8, $0x0804080402011010
DATA upper<>+0x18(SB)/8, $0x1010101010101010
GLOBL upper<>(SB), RODATA|NOPTR, $32

// What is added to a letter to make its value, by its upper half; '/' takes the place before its own.
DATA shift<>+0x00(SB)/8, $0xB9B9BFBF04131000
DATA shift<>+0x08(SB)/8, $0x0000000000000000
DATA shift<>+0x10(SB)/8, $0xB9B9BFBF04131000
DATA shift<>+0x18(SB)/8, $0x0000000000000000
GLOBL shift<>(SB), RODATA|NOPTR, $32

DATA slash<>+0x00(SB)/8, $0x2F2F2F2F2F2F2F2F
DATA slash<>+0x08(SB)/8, $0x2F2F2F2F2F2F2F2F
DATA slash<>+0x10(SB)/8, $0x2F2F2F2F2F2F2F2F
DATA slash<>+0x18(SB)/8, $0x2F2F2F2F2F2F2F2F
GLOBL slash<>(SB), RODATA|NOPTR, $32

// Factors that join two values of six bits, and two of twelve.
DATA join6<>+0x00(SB)/8, $0x0140014001400140
DATA join6<>+0x08(SB)/8, $0x0140014001400140
DATA join6<>+0x10(SB)/8, $0x0140014001400140
DATA join6<>+0x18(SB)/8, $0x0140014001400140
GLOBL join6<>(SB), RODATA|NOPTR, $32

DATA join12<>+0x00(SB)/8, $0x0001100000011000
DATA join12<>+0x08(SB)/8, $0x0001100000011000
DATA join12<>+0x10(SB)/8, $0x0001100000011000
DATA join12<>+0x18(SB)/8, $0x0001100000011000
GLOBL join12<>(SB), RODATA|NOPTR, $32

// The three bytes of each group, turned and moved together: within each half, then the halves.
DATA pack<>+0x00(SB)/8, $0x090A040506000102
DATA pack<>+0x08(SB)/8, $0xFFFFFFFF0C0D0E08
DATA pack<>+0x10(SB)/8, $0x090A040506000102
DATA pack<>+0x18(SB)/8, $0xFFFFFFFF0C0D0E08
GLOBL pack<>(SB), RODATA|NOPTR, $32

DATA halves<>+0x00(SB)/8, $0x0000000100000000
DATA halves<>+0x08(SB)/8, $0x0000000400000002
DATA halves<>+0x10(SB)/8, $0x0000000600000005
DATA halves<>+0x18(SB)/8, $0x0000000700000003
GLOBL halves<>(SB), RODATA|NOPTR, $32

// func decodeAVX2(dst *byte, src *byte, blocks int) (done int)
TEXT ·decodeAVX2(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DI
	MOVQ    src+8(FP), SI
	MOVQ    blocks+16(FP), CX
	XORQ    AX, AX
	VMOVDQU lower<>(SB), Y8
	VMOVDQU upper<>(SB), Y9
	VMOVDQU shift<>(SB), Y10
	VMOVDQU slash<>(SB), Y11
	VMOVDQU join6<>(SB), Y12
	VMOVDQU join12<>(SB), Y13
	VMOVDQU pack<>(SB), Y14
	VMOVDQU halves<>(SB), Y15

decodeLoop:
	CMPQ       AX, CX
	JGE        decodeEnd
	VMOVDQU    (SI), Y0
	VPSRLD     $4, Y0, Y1
	VPAND      Y11, Y1, Y1   // upper halves
	VPAND      Y11, Y0, Y2   // lower halves
	VPSHUFB    Y2, Y8, Y2
	VPSHUFB    Y1, Y9, Y3
	VPTEST     Y2, Y3
	JNZ        decodeEnd
	VPCMPEQB   Y11, Y0, Y4
	VPADDB     Y4, Y1, Y1
	VPSHUFB    Y1, Y10, Y1
	VPADDB     Y1, Y0, Y0    // values of six bits
	VPMADDUBSW Y12, Y0, Y0
	VPMADDWD   Y13, Y0, Y0
	VPSHUFB    Y14, Y0, Y0
	VPERMD     Y0, Y15, Y0
	VMOVDQU    Y0, (DI)
	ADDQ       $32, SI
	ADDQ       $24, DI
	INCQ       AX
	JMP        decodeLoop

decodeEnd:
	VZEROUPPER
	MOVQ AX, done+24(FP)
	RET

// func lettersAVX2(src *byte, blocks int) (done int)
TEXT ·lettersAVX2(SB), NOSPLIT, $0-24
	MOVQ    src+0(FP), SI
	MOVQ    blocks+8(FP), CX
	XORQ    AX, AX
	VMOVDQU lower<>(SB), Y8
	VMOVDQU upper<>(SB), Y9
	VMOVDQU slash<>(SB), Y11

lettersLoop:
	CMPQ    AX, CX
	JGE     lettersEnd
	VMOVDQU (SI), Y0
	VPSRLD  $4, Y0, Y1
	VPAND   Y11, Y1, Y1
	VPAND   Y11, Y0, Y2
	VPSHUFB Y2, Y8, Y2
	VPSHUFB Y1, Y9, Y3
	VPTEST  Y2, Y3
	JNZ     lettersEnd
	ADDQ    $32, SI
	INCQ    AX
	JMP     lettersLoop

lettersEnd:
	VZEROUPPER
	MOVQ AX, done+16(FP)
	RET
