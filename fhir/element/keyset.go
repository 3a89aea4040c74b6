package element

// keySet finds duplicate keys of one object while it is scanned. Most objects are small and have no duplicates: one word of
// hash bits answers for them. Where a bit was already taken the earlier keys are compared, and in big objects looked up in a map,
// so that hostile objects cannot cost quadratic time.
type keySet struct {
	object int
	bits   uint64
	count  int
	known  map[string]struct{}
}

// fewKeys is the size up to which earlier keys are compared one by one.
const fewKeys = 48

// add takes the key node just put on the tape and flags it when its object already has that key.
func (k *keySet) add(s *scanner, key int) {
	n := &s.tape[key]
	name := s.src[n.start:n.end]
	if n.flags&flagEscaped != 0 {
		name = unescape(name)
	}
	if name != "" && name[0] == '_' {
		s.tape[k.object].flags |= flagUnderscore
	}
	k.count++
	bit := keyBit(name)
	if k.bits&bit == 0 && k.known == nil {
		k.bits |= bit
		return
	}
	if k.known == nil && k.count > fewKeys {
		k.known = make(map[string]struct{}, 4*fewKeys)
		for i := k.object + 1; i < key; i = int(s.tape[i+1].next) {
			k.known[s.key(i)] = struct{}{}
		}
	}
	if k.known != nil {
		if _, dup := k.known[name]; dup {
			n.flags |= flagDuplicate
		}
		k.known[name] = struct{}{}
		return
	}
	for i := k.object + 1; i < key; i = int(s.tape[i+1].next) {
		if s.key(i) == name {
			n.flags |= flagDuplicate
			return
		}
	}
}

func keyBit(name string) uint64 {
	if name == "" {
		return 1
	}
	h := uint(len(name))*31 + uint(name[0])*7 + uint(name[len(name)-1])*13 + uint(name[len(name)/2])
	return 1 << (h & 63)
}

// key gives the decoded name of the key node at i.
func (s *scanner) key(i int) string {
	n := &s.tape[i]
	if n.flags&flagEscaped != 0 {
		return unescape(s.src[n.start:n.end])
	}
	return s.src[n.start:n.end]
}
