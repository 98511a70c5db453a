// Answers questions about notes, tiles and proofs by Go's sumdb/note and sumdb/tlog, one line of JSON for each line of
// JSON. Nothing here checks anything itself, but for cosignatures, which sumdb/note does not know.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// C2SP leaves the height out of the paths of tiles.
const height = 8

type question struct {
	Kind, Folder, Name, Text, Path string
	Note, Seed                     []byte
	VKeys                          []string
	Size, OldSize, Index           int64
	Level, Width                   int
	Root, OldRoot, Leaf            []byte
	Proof                          [][]byte
}

type answer struct {
	Error         string   `json:"error"`
	Text          string   `json:"text"`
	Verified      []string `json:"verified"`
	SKey          string   `json:"skey"`
	VKey          string   `json:"vkey"`
	Note          []byte   `json:"note"`
	Path          string   `json:"path"`
	Proof         [][]byte `json:"proof"`
	Leaves, Tiles int
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		var said answer
		if err = json.Unmarshal(line, &asked); err == nil {
			err = reply(&asked, &said)
		}
		if err != nil {
			said.Error = err.Error()
		}
		if err := out.Encode(&said); err != nil {
			return
		}
	}
}

func reply(asked *question, said *answer) error {
	switch asked.Kind {
	case "open":
		return openNote(asked, said)
	case "sign":
		return signNote(asked, said)
	case "read_log":
		return readLog(asked, said)
	case "prove_record", "prove_tree":
		return prove(asked, said)
	case "check_record":
		return tlog.CheckRecord(hashes(asked.Proof), asked.Size, hash(asked.Root), asked.Index, hash(asked.Leaf))
	case "check_tree":
		return tlog.CheckTree(hashes(asked.Proof), asked.Size, hash(asked.Root), asked.OldSize, hash(asked.OldRoot))
	case "path":
		tile := tlog.Tile{H: height, L: asked.Level, N: asked.Index, W: asked.Width}
		said.Path = onDisk(tile)
		return nil
	case "parse_path":
		_, err := tlog.ParseTilePath(strings.Replace(asked.Path, "tile/", fmt.Sprintf("tile/%d/", height), 1))
		return err
	}
	return errors.New("no such question")
}

func openNote(asked *question, said *answer) error {
	var known []note.Verifier
	for _, vkey := range asked.VKeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			if verifier, err = newCosigner(vkey); err != nil {
				return err
			}
		}
		known = append(known, verifier)
	}
	opened, err := note.Open(asked.Note, note.VerifierList(known...))
	if err != nil {
		return err
	}
	said.Text = opened.Text
	for _, one := range opened.Sigs {
		said.Verified = append(said.Verified, one.Name)
	}
	return nil
}

func signNote(asked *question, said *answer) (err error) {
	said.SKey, said.VKey, err = note.GenerateKey(bytes.NewReader(asked.Seed), asked.Name)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(said.SKey)
	if err != nil {
		return err
	}
	said.Note, err = note.Sign(&note.Note{Text: asked.Text}, signer)
	return err
}

// A cosigner verifies cosignature/v1 of C2SP tlog-cosignature.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed key of a cosigner")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("malformed key of a cosigner")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(sum[:4]) != parts[1] {
		return nil, errors.New("the ID does not fit the key of the cosigner")
	}
	return &cosigner{parts[0], binary.BigEndian.Uint32(sum[:]), key[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }
func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(c.key, []byte(message), sig[8:])
}

// files are the tiles of a log in a folder.
type files struct {
	folder string
	read   int
}

func (f *files) Height() int                     { return height }
func (f *files) SaveTiles([]tlog.Tile, [][]byte) {}
func (f *files) ReadTiles(tiles []tlog.Tile) (all [][]byte, err error) {
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.folder, onDisk(tile)))
		if err != nil {
			return nil, err
		}
		f.read++
		all = append(all, data)
	}
	return all, nil
}

// readLog reads each leaf hash out of tiles, which tlog checks against the root, and hashes each entry to compare.
func readLog(asked *question, said *answer) error {
	tiles := &files{folder: asked.Folder}
	reader := tlog.TileHashReader(tlog.Tree{N: asked.Size, Hash: hash(asked.Root)}, tiles)
	var indexes []int64
	for n := int64(0); n < asked.Size; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, n))
	}
	leaves, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(asked.Size, reader)
	if err != nil || root != hash(asked.Root) {
		return fmt.Errorf("the tiles have another root: %v", err)
	}
	for first := int64(0); first < asked.Size; first += 1 << height {
		width := asked.Size - first
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: int(width)}
		bundle, err := os.ReadFile(filepath.Join(asked.Folder, strings.Replace(onDisk(tile), "tile/0/", "tile/entries/", 1)))
		if err != nil {
			return err
		}
		for n := first; n < first+width; n++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("entry %d is cut", n)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:end]) != leaves[n] {
				return fmt.Errorf("entry %d has another hash", n)
			}
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return fmt.Errorf("there is more after entry %d", first+width-1)
		}
	}
	said.Leaves, said.Tiles = len(leaves), tiles.read
	return nil
}

func prove(asked *question, said *answer) error {
	reader := tlog.TileHashReader(tlog.Tree{N: asked.Size, Hash: hash(asked.Root)}, &files{folder: asked.Folder})
	var proof []tlog.Hash
	var err error
	if asked.Kind == "prove_record" {
		proof, err = tlog.ProveRecord(asked.Size, asked.Index, reader)
	} else {
		proof, err = tlog.ProveTree(asked.Size, asked.OldSize, reader)
	}
	for n := range proof {
		said.Proof = append(said.Proof, proof[n][:])
	}
	return err
}

func onDisk(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func hash(data []byte) (one tlog.Hash) {
	copy(one[:], data)
	return one
}

func hashes(all [][]byte) (some []tlog.Hash) {
	for _, data := range all {
		some = append(some, hash(data))
	}
	return some
}
