//! Two trees and what differed between the runs, turned into findings. Pure over bytes.
