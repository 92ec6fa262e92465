package function

import (
	"os/exec"
	"runtime"
)

// spawner starts processes from one thread that lives as long as it does. Pdeathsig kills a process when the thread that
// started it ends, and Go ends threads as it likes (go.dev/issue/27505); so this one is locked.
type spawner struct {
	commands chan *exec.Cmd
	started  chan error
	done     chan struct{}
}

func startSpawner() *spawner {
	s := &spawner{commands: make(chan *exec.Cmd), started: make(chan error), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		defer close(s.done)
		for command := range s.commands {
			s.started <- command.Start()
		}
	}()
	return s
}

// start starts a command; one at a time, since commands and answers are handed over in step.
func (s *spawner) start(command *exec.Cmd) error {
	s.commands <- command
	return <-s.started
}

// stop ends the thread. Nothing may be started any more.
func (s *spawner) stop() {
	close(s.commands)
	<-s.done
}
