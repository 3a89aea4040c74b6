//go:build !amd64

package b64

var useBlocks = false

func decodeBlocks([]byte, string) int { return 0 }

func letterBlocks(string) int { return 0 }
