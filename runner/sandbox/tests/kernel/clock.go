// Tells what clock it sees, and how long its waits are, in the manner of clock.c.
package main

import ("context"; "fmt"; "os"; "sync"; "time")

var all sync.WaitGroup

// What a wait takes by the monotonic clock that a time carries along.
func wait(name string, call func()) {
	all.Add(1)
	go func() {
		defer all.Done()
		began := time.Now()
		call()
		fmt.Println("wait-" + name, 1000, time.Since(began).Milliseconds())
	}()
}

// A deadline without that clock, as one that was read from a file.
func soon() time.Time { return time.Now().Round(0).Add(time.Second) }

func main() {
	done := make(chan time.Time)
	go func() { done <- time.Now() }()
	fmt.Println("routine", (<-done).Unix())
	wait("after", func() { <-time.After(time.Second) })
	wait("sleep", func() { time.Sleep(time.Second) })
	wait("context", func() {
		it, cancel := context.WithDeadline(context.Background(), soon())
		defer cancel()
		<-it.Done()
	})
	wait("pipe", func() {
		read, _, _ := os.Pipe()
		read.SetReadDeadline(soon())
		read.Read(make([]byte, 1))
	})
	all.Wait()
}
