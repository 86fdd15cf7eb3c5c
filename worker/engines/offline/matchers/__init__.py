"""What finds the mistakes: one matcher for each rule of the table, by area of grammar."""
