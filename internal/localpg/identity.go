package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverIdentity is whom the server runs as: PostgreSQL refuses root. nil means "as we are".
type serverIdentity struct {
	uid, gid uint32
}

func serverUser() (*serverIdentity, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil {
			return &serverIdentity{uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("postgresql does not run as root, and there is no user postgres or nobody to run it as")
}

// attr makes a child process run as the identity and end with this process.
func (id *serverIdentity) attr() *syscall.SysProcAttr {
	attr := dieWithParent()
	if id != nil {
		attr.Credential = &syscall.Credential{Uid: id.uid, Gid: id.gid}
	}
	attr.Setpgid = true // a Ctrl-C in the terminal is for us; we stop the server ourselves
	return attr
}

func (id *serverIdentity) own(path string) error {
	if id == nil {
		return nil
	}
	if err := os.Chown(path, int(id.uid), int(id.gid)); err != nil {
		return fmt.Errorf("give %s to the server's user: %w", path, err)
	}
	return nil
}

// reachable makes the folder for the server's user. A folder below one that is closed to that user, as root's home is,
// is replaced by one in /var/lib/nextgen that belongs to it alone.
func reachable(dir string, id *serverIdentity) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	if err := makeFor(dir, id); err != nil {
		return "", err
	}
	if id == nil || canEnter(dir, id) {
		return dir, nil
	}
	sum := sha256.Sum256([]byte(dir))
	other := filepath.Join("/var/lib/nextgen", hex.EncodeToString(sum[:8]))
	if err := makeFor(other, id); err != nil {
		return "", err
	}
	if !canEnter(other, id) {
		return "", fmt.Errorf("neither %s nor %s can be reached by the user that PostgreSQL runs as", dir, other)
	}
	return other, nil
}

func makeFor(dir string, id *serverIdentity) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("data folder: %w", err)
	}
	return id.own(dir)
}

func canEnter(dir string, id *serverIdentity) bool {
	cmd := exec.Command("/bin/sh", "-c", `cd "$0"`, dir) //nolint:noctx // returns at once
	cmd.SysProcAttr, cmd.Dir = id.attr(), "/"
	return cmd.Run() == nil
}
