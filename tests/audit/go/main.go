// Go's own transparency log, golang.org/x/mod/sumdb, asked line by line: what it makes of entries, proofs and notes.
//
// Each line of standard input is a command and its words; each answer is one line. Hashes are hexadecimal, texts Base64.
package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// stored are the hashes of the tree, in Go's own order.
var stored []tlog.Hash
var leaves int64

var reader = tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for at, index := range indexes {
		if index < 0 || index >= int64(len(stored)) {
			return nil, errors.New("no such hash")
		}
		found[at] = stored[index]
	}
	return found, nil
})

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		fmt.Fprintln(out, answer(strings.Split(lines.Text(), " ")))
	}
}

// answer never panics: what it is sent may be changed in any way.
func answer(words []string) (said string) {
	defer func() {
		if r := recover(); r != nil {
			said = fmt.Sprintf("no: panic: %v", r)
		}
	}()
	switch words[0] {
	case "leaf":
		hashes, err := tlog.StoredHashes(leaves, unbase(words[1]), reader)
		if err != nil {
			return no(err)
		}
		stored, leaves = append(stored, hashes...), leaves+1
		return "ok"
	case "root":
		root, err := tlog.TreeHash(number(words[1]), reader)
		return or(err, hex.EncodeToString(root[:]))
	case "inclusion":
		proof, err := tlog.ProveRecord(number(words[1]), number(words[2]), reader)
		return or(err, hexes(proof))
	case "consistency":
		proof, err := tlog.ProveTree(number(words[1]), number(words[2]), reader)
		return or(err, hexes(proof))
	case "includes": // size root index leaf proof…
		proof := tlog.RecordProof(hashes(words[5:]))
		return or(tlog.CheckRecord(proof, number(words[1]), hash(words[2]), number(words[3]), hash(words[4])), "ok")
	case "consistent": // size root old-size old-root proof…
		proof := tlog.TreeProof(hashes(words[5:]))
		return or(tlog.CheckTree(proof, number(words[1]), hash(words[2]), number(words[3]), hash(words[4])), "ok")
	case "tile": // level number width
		tile := tlog.Tile{H: 8, L: int(number(words[1])), N: number(words[2]), W: int(number(words[3]))}
		data, err := tlog.ReadTileData(tile, reader)
		return or(err, hex.EncodeToString(data))
	case "note": // note key…
		return opened(string(unbase(words[1])), words[2:])
	case "sign": // text private-key
		signer, err := note.NewSigner(words[2])
		if err != nil {
			return no(err)
		}
		signed, err := note.Sign(&note.Note{Text: string(unbase(words[1]))}, signer)
		return or(err, base64.StdEncoding.EncodeToString(signed))
	}
	return "no: unknown command"
}

// opened says who of the keys has signed a note, and its text.
func opened(text string, keys []string) string {
	verifiers := make([]note.Verifier, len(keys))
	for at, key := range keys {
		verifier, err := verifierOf(key)
		if err != nil {
			return no(err)
		}
		verifiers[at] = verifier
	}
	found, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	if err != nil {
		return no(err)
	}
	names := []string{base64.StdEncoding.EncodeToString([]byte(found.Text))}
	for _, signature := range found.Sigs {
		names = append(names, signature.Name)
	}
	return strings.Join(names, " ")
}

// cosigner is a witness's key, type 0x04 (c2sp.org/tlog-cosignature), which sumdb does not know.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	when := binary.BigEndian.Uint64(signature)
	message := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", when)), text...)
	return ed25519.Verify(c.key, message, signature[8:])
}

func verifierOf(key string) (note.Verifier, error) {
	parts := strings.SplitN(key, "+", 3)
	if len(parts) == 3 {
		data := unbase(parts[2])
		if len(data) == 33 && data[0] == 4 {
			id, err := strconv.ParseUint(parts[1], 16, 32)
			return cosigner{parts[0], uint32(id), data[1:]}, err
		}
	}
	return note.NewVerifier(key)
}

func no(err error) string { return "no: " + strings.ReplaceAll(err.Error(), "\n", " ") }

func or(err error, said string) string {
	if err != nil {
		return no(err)
	}
	return said
}

func number(text string) int64 {
	found, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return found
}

func unbase(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

func hash(text string) (found tlog.Hash) {
	data, err := hex.DecodeString(text)
	if err != nil || len(data) != len(found) {
		panic("no hash")
	}
	copy(found[:], data)
	return found
}

func hashes(words []string) []tlog.Hash {
	found := make([]tlog.Hash, len(words))
	for at, word := range words {
		found[at] = hash(word)
	}
	return found
}

func hexes(found []tlog.Hash) string {
	words := make([]string, len(found))
	for at, each := range found {
		words[at] = hex.EncodeToString(each[:])
	}
	return strings.Join(words, " ")
}
