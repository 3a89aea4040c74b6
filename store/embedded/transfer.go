package embedded

import (
	"context"
	"errors"
	"io"
)

func (s *Store) Export(ctx context.Context, w io.Writer) error { return errors.ErrUnsupported }
func (s *Store) Import(ctx context.Context, r io.Reader) error { return errors.ErrUnsupported }
