package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// oldest is the oldest major version the schema runs on.
const oldest = 14

// binaries returns the folder of the newest installed PostgreSQL of version 14 or later; without one it fetches some.
func binaries(ctx context.Context, dir string) (string, error) {
	best, newest := "", oldest-1
	for _, bin := range candidates(ctx) {
		if v := majorVersion(ctx, bin); v > newest {
			best, newest = bin, v
		}
	}
	if best != "" {
		return best, nil
	}
	return fetch(filepath.Join(dir, "postgresql"))
}

func candidates(ctx context.Context) []string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for _, pattern := range []string{"/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"} {
		more, _ := filepath.Glob(pattern)
		found = append(found, more...)
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		found = append(found, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, filepath.Dir(path))
	}
	return found
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorVersion returns 0 where no complete server is installed.
func majorVersion(ctx context.Context, bin string) int {
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return 0
	}
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return 0
	}
	v, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0
	}
	return v
}

// fetch downloads binaries through the library. It only knows how to fetch and start in one; as root the start fails
// after the fetch, which is all that is wanted of it.
func fetch(dir string) (string, error) {
	bin := filepath.Join(dir, "bin")
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err == nil {
		return bin, nil
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	pg := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		BinariesPath(dir).RuntimePath(dir + "-first-start").Port(port).Logger(io.Discard))
	started := pg.Start()
	if started == nil {
		if err := pg.Stop(); err != nil {
			return "", fmt.Errorf("stop the fetched postgresql: %w", err)
		}
	}
	_ = os.RemoveAll(dir + "-first-start")
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return "", errors.Join(fmt.Errorf("no PostgreSQL of version %d or later is installed, and none could be fetched; install one, or give its address in DATABASE_URL", oldest), started)
	}
	return bin, openToAll(dir)
}

// openToAll lets the server's user read and run what root has fetched.
func openToAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&os.ModeSymlink != 0 {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if info.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}

func freePort() (uint32, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return uint32(l.Addr().(*net.TCPAddr).Port), nil
}
