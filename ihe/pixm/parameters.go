package pixm

// parameters writes a Parameters resource of the server's own making.
type parameters struct{ b []byte }

// add appends a parameter whose value is JSON.
func (p *parameters) add(name, choice string, value []byte) {
	if p.b == nil {
		p.b = append(p.b, `{"resourceType":"Parameters","parameter":[`...)
	} else {
		p.b = append(p.b, ',')
	}
	p.b = append(p.b, `{"name":"`+name+`","`+choice+`":`...)
	p.b = append(append(p.b, value...), '}')
}

func (p *parameters) json() []byte {
	if p.b == nil {
		return []byte(`{"resourceType":"Parameters"}`)
	}
	return append(p.b, "]}"...)
}
