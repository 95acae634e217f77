//! Nothing: the suite is the test target.
