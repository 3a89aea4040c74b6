package extraction

// set holds keys of 64 bits, which are parts of digests: equally distributed, so that they are their own hash. It takes 8 to 16 bytes a key. The zero key stands for an empty place.
type set struct {
	slots []uint64
	used  int
}

// add puts a key in and says whether it was new.
func (s *set) add(key uint64) bool {
	if key == 0 {
		key = 1
	}
	if s.used*4 >= len(s.slots)*3 {
		s.grow()
	}
	if !s.place(key) {
		return false
	}
	s.used++
	return true
}

func (s *set) has(key uint64) bool {
	if key == 0 {
		key = 1
	}
	if len(s.slots) == 0 {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case key:
			return true
		case 0:
			return false
		}
	}
}

func (s *set) place(key uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case key:
			return false
		case 0:
			s.slots[i] = key
			return true
		}
	}
}

func (s *set) grow() {
	old := s.slots
	s.slots = make([]uint64, max(1024, 2*len(old)))
	for _, key := range old {
		if key != 0 {
			s.place(key)
		}
	}
}
