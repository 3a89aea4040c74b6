package element

// Indent writes JSON that is known to be valid with line breaks and two spaces per level. Values are copied as they are.
func Indent(dst, src []byte) []byte {
	level := 0
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case ' ', '\t', '\n', '\r':
		case '"':
			end := stringEnd(src, i)
			dst = append(dst, src[i:end]...)
			i = end - 1
		case '{', '[':
			dst = append(dst, c)
			if next := skipSpace(src, i+1); next < len(src) && src[next] == c+2 {
				dst = append(dst, c+2) // an empty object or array
				i = next
				continue
			}
			level++
			dst = newline(dst, level)
		case '}', ']':
			level--
			dst = newline(dst, level)
			dst = append(dst, c)
		case ',':
			dst = append(dst, c)
			dst = newline(dst, level)
		case ':':
			dst = append(dst, ':', ' ')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func newline(dst []byte, level int) []byte {
	dst = append(dst, '\n')
	for range level {
		dst = append(dst, ' ', ' ')
	}
	return dst
}

func stringEnd(src []byte, i int) int {
	for i++; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(src)
}

func skipSpace(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\t' || src[i] == '\n' || src[i] == '\r') {
		i++
	}
	return i
}
