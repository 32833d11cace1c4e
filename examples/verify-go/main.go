// Verify-go checks an OpenCLEAR log with Go's own transparency-log packages, and shares no code with OpenCLEAR.
//
//	In:    a log's address or a folder with its published files, the verifier key from a publication; a receipt, an
//	       older checkpoint.
//	Out:   one line for each thing that was found to be right; exit status 1 and the reason for the first that is not.
//	Never: trusts a byte that the server sent before it follows from the key.
//
// Signatures are checked by golang.org/x/mod/sumdb/note, hashes and proofs by golang.org/x/mod/sumdb/tlog. What is written
// here is the layout of c2sp.org/tlog-tiles, which those packages have in an older form, and OpenCLEAR's receipt.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log := flag.String("log", "", "the log: an address like http://127.0.0.1:8080, or a folder with its published files")
	key := flag.String("key", "", "the log's verifier key, or a file that holds it")
	older := flag.String("older", "", "a file with an older checkpoint, which the log must extend")
	receipt := flag.String("receipt", "", "a receipt, or a file that holds it: its entry must be in the log")
	all := flag.Bool("all", false, "fetch every entry and work the root out again")
	show := flag.Bool("clear", false, "with -all: print the entries that everybody may read")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: verify-go -log ADDRESS|FOLDER -key KEY|FILE [-all [-clear]] [-receipt RECEIPT|FILE] [-older FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *log == "" || *key == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := verify(*log, *key, *older, *receipt, *all, *show); err != nil {
		fmt.Fprintln(os.Stderr, "REFUSED:", err)
		os.Exit(1)
	}
}

func verify(log, key, older, receipt string, all, show bool) error {
	text, err := textOrFile(key)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("the verifier key does not read: %w", err)
	}
	src := newSource(log)
	signed, err := src.get("checkpoint")
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(signed, verifier)
	if err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	fmt.Printf("checkpoint: %s signed that it has %d entries\n", verifier.Name(), tree.N)
	// This reader checks each tile against the signed root before it gives a hash out of it.
	hashes := tlog.TileHashReader(tree, tiles{src})
	if all {
		if err := recompute(src, tree, show); err != nil {
			return err
		}
		fmt.Printf("entries: the root follows from all %d\n", tree.N)
	}
	if older != "" {
		if err := extends(tree, hashes, older, verifier); err != nil {
			return err
		}
	}
	if receipt != "" {
		return included(tree, hashes, receipt, verifier)
	}
	return nil
}

// openCheckpoint reads a signed checkpoint (c2sp.org/tlog-checkpoint): origin, size, root.
func openCheckpoint(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("it is not one of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("%q is not a number of entries", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the root does not read: %w", err)
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// extends checks that the log begins with the entries of an older checkpoint.
func extends(tree tlog.Tree, hashes tlog.HashReader, file string, verifier note.Verifier) error {
	signed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(signed, verifier)
	if err != nil {
		return fmt.Errorf("the older checkpoint in %s: %w", file, err)
	}
	if old.N > tree.N {
		return fmt.Errorf("the log was rolled back: it has %d entries, an older checkpoint has %d", tree.N, old.N)
	}
	// The tree of no entries is the beginning of every tree, and has no proof.
	if old.N > 0 {
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("the log was rewritten: it does not begin with the %d entries of %s: %w", old.N, file, err)
		}
	}
	fmt.Printf("older: the log begins with the %d entries of %s\n", old.N, file)
	return nil
}

// included checks a receipt's signature, and that the log has its entry at its place.
func included(tree tlog.Tree, hashes tlog.HashReader, receipt string, verifier note.Verifier) error {
	text, err := textOrFile(receipt)
	if err != nil {
		return err
	}
	index, leaf, err := openReceipt(strings.TrimSpace(text), verifier)
	if err != nil {
		return fmt.Errorf("the receipt: %w", err)
	}
	if index >= tree.N {
		return fmt.Errorf("entry %d is not public yet: the checkpoint covers %d", index, tree.N)
	}
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
		return fmt.Errorf("entry %d of the log is not the one of the receipt: %w", index, err)
	}
	fmt.Printf("receipt: the log has its entry at place %d\n", index)
	return nil
}

// openReceipt reads an OpenCLEAR receipt: base64url of a statement of seven lines and 64 bytes of signature over it.
func openReceipt(text string, verifier note.Verifier) (int64, tlog.Hash, error) {
	none := tlog.Hash{}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < 64 {
		return 0, none, errors.New("it does not read")
	}
	statement, signature := raw[:len(raw)-64], raw[len(raw)-64:]
	if !verifier.Verify(statement, signature) {
		return 0, none, fmt.Errorf("it is not signed by %s", verifier.Name())
	}
	lines := strings.Split(string(statement), "\n")
	if len(lines) != 8 || lines[0] != "OpenCLEAR receipt 1" || lines[1] != verifier.Name() {
		return 0, none, errors.New("it is not a receipt of this log")
	}
	index, err := strconv.ParseInt(lines[2], 10, 64)
	if err != nil || index < 0 {
		return 0, none, errors.New("it names no entry")
	}
	leaf, err := tlog.ParseHash(lines[3])
	return index, leaf, err
}

// recompute fetches every entry, holds it against the tile of its hashes, and folds the root of RFC 6962.
func recompute(src source, tree tlog.Tree, show bool) error {
	var edge []subtree
	for first := int64(0); first < tree.N; first += 256 {
		width := 256
		if left := tree.N - first; left < 256 {
			width = int(left)
		}
		leaves := tlog.Tile{H: 8, L: 0, N: first / 256, W: width}
		shown, err := getTile(src, leaves)
		if err != nil {
			return err
		}
		bundle, err := getGrown(src, entriesPath(leaves), entriesPath(whole(leaves)))
		if err != nil {
			return err
		}
		for at := 0; at < width; at++ {
			index := first + int64(at)
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("entry %d is missing from %s", index, entriesPath(leaves))
			}
			length := int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			hash := tlog.RecordHash(entry)
			if !bytes.Equal(hash[:], shown[at*tlog.HashSize:(at+1)*tlog.HashSize]) {
				return fmt.Errorf("entry %d is not the one that %s has", index, tilePath(leaves))
			}
			// The first byte 2: the entry is a text for everybody.
			if show && len(entry) > 0 && entry[0] == 2 {
				fmt.Printf("%d\t%s\n", index, entry[1:])
			}
			edge = push(edge, hash)
		}
	}
	if root := fold(edge); tree.N > 0 && root != tree.Hash {
		return fmt.Errorf("the %d entries are not those that the checkpoint was signed over", tree.N)
	}
	return nil
}

// A subtree is a perfect one, of 1, 2, 4, 8 … leaves.
type subtree struct {
	leaves int64
	hash   tlog.Hash
}

func push(edge []subtree, leaf tlog.Hash) []subtree {
	next := subtree{1, leaf}
	for len(edge) > 0 && edge[len(edge)-1].leaves == next.leaves {
		left := edge[len(edge)-1]
		next = subtree{2 * left.leaves, tlog.NodeHash(left.hash, next.hash)}
		edge = edge[:len(edge)-1]
	}
	return append(edge, next)
}

func fold(edge []subtree) tlog.Hash {
	var root tlog.Hash
	for at := len(edge) - 1; at >= 0; at-- {
		if at == len(edge)-1 {
			root = edge[at].hash
		} else {
			root = tlog.NodeHash(edge[at].hash, root)
		}
	}
	return root
}

// tiles gives the package's tile reader what it asks for, from the paths of c2sp.org/tlog-tiles.
type tiles struct{ src source }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := getTile(t.src, tile)
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func getTile(src source, tile tlog.Tile) ([]byte, error) {
	data, err := getGrown(src, tilePath(tile), tilePath(whole(tile)))
	if err != nil {
		return nil, err
	}
	if len(data) < tile.W*tlog.HashSize {
		return nil, fmt.Errorf("%s is too short", tilePath(tile))
	}
	return data[:tile.W*tlog.HashSize], nil
}

// getGrown gets a part, or what has taken its place since the checkpoint.
func getGrown(src source, part, whole string) ([]byte, error) {
	data, err := src.get(part)
	if errors.Is(err, os.ErrNotExist) && part != whole {
		return src.get(whole)
	}
	return data, err
}

func whole(tile tlog.Tile) tlog.Tile {
	tile.W = 1 << tile.H
	return tile
}

// The package writes the height into the path; c2sp.org/tlog-tiles has but one height.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
}

func entriesPath(tile tlog.Tile) string {
	return "tile/entries/" + strings.TrimPrefix(tilePath(tile), "tile/0/")
}

// A source has the published files.
type source interface {
	get(path string) ([]byte, error)
}

func newSource(log string) source {
	if strings.HasPrefix(log, "http://") || strings.HasPrefix(log, "https://") {
		return site{strings.TrimSuffix(log, "/") + "/log/", &http.Client{Timeout: time.Minute}}
	}
	return folder(log)
}

type folder string

func (f folder) get(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
}

type site struct {
	prefix string
	client *http.Client
}

func (s site) get(path string) ([]byte, error) {
	response, err := s.client.Get(s.prefix + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(response.Body, 64<<20))
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s%s: %w", s.prefix, path, os.ErrNotExist)
	default:
		return nil, fmt.Errorf("%s%s: %s", s.prefix, path, response.Status)
	}
}

func textOrFile(text string) (string, error) {
	if info, err := os.Stat(text); err == nil && !info.IsDir() {
		read, err := os.ReadFile(text)
		return string(read), err
	}
	return text, nil
}
