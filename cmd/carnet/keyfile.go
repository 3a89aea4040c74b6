package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyFileName is the file beside the store with the secret under which the store holds the signing keys. It is no part of an export: who has a backup cannot sign tokens with it.
const keyFileName = "keys.secret"

const lenKeySecret = 32

// keySecret reads the secret of the signing keys, or makes it; "" for path: the file in the data directory. made says that there was none before.
func keySecret(data, path string) (secret []byte, made bool, err error) {
	if path == "" {
		path = filepath.Join(data, keyFileName)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret, err := makeKeySecret(path)
		return secret, true, err
	}
	if err != nil {
		return nil, false, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, false, fmt.Errorf("%s can be read by others: chmod 600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	secret, err = hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != lenKeySecret {
		return nil, false, fmt.Errorf("%s does not hold %d bytes in hexadecimal", path, lenKeySecret)
	}
	return secret, false, nil
}

// makeKeySecret writes a new secret, durably and whole, before anything is sealed under it.
func makeKeySecret(path string) ([]byte, error) {
	secret := make([]byte, lenKeySecret)
	_, _ = rand.Read(secret)                                            // never fails
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+keyFileName+"-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(hex.EncodeToString(secret) + "\n")
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp.Name(), path); err != nil { // whoever has the store open has it alone
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return secret, errors.Join(dir.Sync(), dir.Close())
}
